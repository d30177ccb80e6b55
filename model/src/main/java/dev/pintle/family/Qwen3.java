package dev.pintle.family;

import dev.pintle.transformer.Activation;
import dev.pintle.transformer.HeadNorms;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.RmsNorm;
import dev.pintle.transformer.Rope;
import dev.pintle.transformer.Transformer;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/** Qwen 3, dense (arXiv:2505.09388): Llama's block with a norm on each query and key head. */
public final class Qwen3 implements Architecture {
    @Override
    public String modelType() {
        return "qwen3";
    }

    @Override
    public ModelConfig config(ConfigReader json) {
        json.requireString("hidden_act", "silu");
        return Common.sizes(json, false);
    }

    @Override
    public Transformer build(ConfigReader json, ModelConfig c, Weights weights) {
        boolean bias = json.flagOr("attention_bias", false);
        IntFunction<@Nullable Integer> windows = Qwen2.windows(json, c);
        Rope rope = RopeReader.read(json, c.dHead(), 10_000);
        return Common.assemble(
                weights,
                c,
                layer -> Common.preNormBlock(
                        weights,
                        c,
                        layer,
                        Common.attention(weights, c, layer, bias, bias)
                                .with(layer, c, headNorms(weights, c, layer), rope, windows.apply(layer)),
                        Common.mlp(weights, c, layer, false, Activation.SILU)),
                Common.finalNorm(weights, c));
    }

    /** A norm on each query head and each key head. */
    static HeadNorms headNorms(Weights weights, ModelConfig c, int layer) {
        String at = Common.layer(layer) + "self_attn.";
        return new HeadNorms(
                new RmsNorm(weights.norm(at + "q_norm.weight", c.dHead()), c.normEps()),
                new RmsNorm(weights.norm(at + "k_norm.weight", c.dHead()), c.normEps()),
                HeadNorms.Span.HEAD);
    }
}
