package dev.pintle.family;

import dev.pintle.transformer.Activation;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.Rope;
import dev.pintle.transformer.Transformer;

/** Mistral (arXiv:2310.06825): Llama's block, optionally with sliding-window attention. */
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
        Rope rope = RopeReader.read(json, c.dHead(), 10_000);
        return Common.assemble(
                weights,
                c,
                layer -> Common.preNormBlock(
                        weights,
                        c,
                        layer,
                        Common.attention(weights, c, layer, false, false).with(layer, c, rope, window),
                        Common.mlp(weights, c, layer, false, Activation.SILU)),
                Common.finalNorm(weights, c));
    }
}
