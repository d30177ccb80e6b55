package dev.pintle.family;

import dev.pintle.transformer.Activation;
import dev.pintle.transformer.Attention;
import dev.pintle.transformer.Block;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.Rope;
import dev.pintle.transformer.SandwichBlock;
import dev.pintle.transformer.Transformer;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Gemma 2 (arXiv:2408.00118): norms before and after attention and MLP, soft-capped scores and logits, scaled
 * embeddings, and a sliding window in every other layer.
 */
public final class Gemma2 implements Architecture {
    @Override
    public String modelType() {
        return "gemma2";
    }

    @Override
    public ModelConfig config(ConfigReader json) {
        return Common.gemmaSizes(json, 256);
    }

    @Override
    public Transformer build(ConfigReader json, ModelConfig c, Weights weights) {
        boolean bias = json.flagOr("attention_bias", false);
        Rope rope = RopeReader.read(json, c.dHead(), 10_000);
        IntFunction<@Nullable Integer> windows =
                Common.windows(json, c, json.positiveOr("sliding_window", 4096), layer -> layer % 2 == 0);
        return Common.assemble(
                weights,
                c,
                layer -> sandwich(
                        weights,
                        c,
                        layer,
                        Common.attention(weights, c, layer, bias, bias).with(layer, c, rope, windows.apply(layer))),
                Common.gemmaNorm(weights, c, "model.norm", c.dModel()));
    }

    /** A block with norms before and after attention and MLP. */
    static Block sandwich(Weights weights, ModelConfig c, int layer, Attention attention) {
        String at = Common.layer(layer);
        return new SandwichBlock(
                layer,
                Common.gemmaNorm(weights, c, at + "input_layernorm", c.dModel()),
                attention,
                Common.gemmaNorm(weights, c, at + "post_attention_layernorm", c.dModel()),
                Common.gemmaNorm(weights, c, at + "pre_feedforward_layernorm", c.dModel()),
                Common.mlp(weights, c, layer, false, Activation.GELU_TANH),
                Common.gemmaNorm(weights, c, at + "post_feedforward_layernorm", c.dModel()));
    }
}
