package dev.pintle.model.family;

import dev.pintle.model.Architecture;
import dev.pintle.model.Attention;
import dev.pintle.model.ConfigReader;
import dev.pintle.model.ModelConfig;
import dev.pintle.model.Rope;
import dev.pintle.model.Transformer;
import dev.pintle.model.Weights;

/** Mistral (arXiv:2310.06825): Llama's block whose attention may see a sliding window only. */
public final class Mistral implements Architecture {
    @Override
    public String modelType() {
        return "mistral";
    }

    @Override
    public ModelConfig config(ConfigReader json) {
        json.requireString("hidden_act", "silu");
        return Common.sizes(json, false);
    }

    @Override
    public Transformer build(ConfigReader json, ModelConfig c, Weights weights) {
        Integer window = json.has("sliding_window") ? (Integer) json.positive("sliding_window") : null;
        Rope rope = Rope.of(json, c.dHead(), 10_000);
        return Common.assemble(
                weights,
                c,
                layer -> {
                    Attention.Parts parts = Common.attention(weights, c, layer, false, false);
                    Attention attention = new Attention(layer, c, parts, rope, window);
                    return Common.preNormBlock(weights, c, layer, attention, Common.siluMlp(weights, c, layer, false));
                },
                Common.finalNorm(weights, c));
    }
}
