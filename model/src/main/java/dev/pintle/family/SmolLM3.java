package dev.pintle.family;

import dev.pintle.transformer.Activation;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.Rope;
import dev.pintle.transformer.Transformer;
import java.util.List;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * SmolLM3 (Hugging Face 2025): Llama's block, without rotary positions in every fourth layer (NoPE, arXiv:2501.18795).
 */
public final class SmolLM3 implements Architecture {
    @Override
    public String modelType() {
        return "smollm3";
    }

    @Override
    public ModelConfig config(ConfigReader json) {
        json.requireString("hidden_act", "silu");
        return Common.sizes(json, true);
    }

    @Override
    public Transformer build(ConfigReader json, ModelConfig c, Weights weights) {
        boolean attentionBias = json.flagOr("attention_bias", false);
        boolean mlpBias = json.flagOr("mlp_bias", false);
        boolean[] turns = turns(json, c);
        IntFunction<@Nullable Integer> windows = Qwen2.windows(json, c);
        Rope rope = RopeReader.read(json, c.dHead(), 2_000_000);
        return Common.assemble(
                weights,
                c,
                layer -> Common.preNormBlock(
                        weights,
                        c,
                        layer,
                        Common.attention(weights, c, layer, attentionBias, attentionBias)
                                .with(layer, c, turns[layer] ? rope : null, windows.apply(layer)),
                        Common.mlp(weights, c, layer, mlpBias, Activation.SILU)),
                Common.finalNorm(weights, c));
    }

    /** Which layers have rotary positions: those with a 1 in {@code no_rope_layers}, or all but every fourth. */
    private static boolean[] turns(ConfigReader json, ModelConfig c) {
        int interval = json.positiveOr("no_rope_layer_interval", 4);
        List<Integer> listed = json.wholeNumbersOrNull("no_rope_layers");
        if (listed != null && listed.size() != c.nLayers()) {
            throw json.unexpected("no_rope_layers", "one number per layer, " + c.nLayers() + " in total");
        }
        boolean[] turns = new boolean[c.nLayers()];
        for (int layer = 0; layer < turns.length; layer++) {
            turns[layer] = listed == null ? (layer + 1) % interval != 0 : listed.get(layer) != 0;
        }
        return turns;
    }
}
