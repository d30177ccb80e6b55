package dev.pintle.family;

import dev.pintle.transformer.Activation;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.Rope;
import dev.pintle.transformer.Transformer;

/** Llama 2, 3, 3.1, 3.2 and 3.3: norms before attention and MLP, rotary positions, biases if configured. */
public final class Llama implements Architecture {
    @Override
    public String modelType() {
        return "llama";
    }

    @Override
    public ModelConfig config(ConfigReader json) {
        json.requireString("hidden_act", "silu");
        json.requireValue("pretraining_tp", 1);
        return Common.sizes(json, false);
    }

    @Override
    public Transformer build(ConfigReader json, ModelConfig c, Weights weights) {
        boolean attentionBias = json.flagOr("attention_bias", false);
        boolean mlpBias = json.flagOr("mlp_bias", false);
        Rope rope = RopeReader.read(json, c.dHead(), 10_000);
        return Common.assemble(
                weights,
                c,
                layer -> Common.preNormBlock(
                        weights,
                        c,
                        layer,
                        Common.attention(weights, c, layer, attentionBias, attentionBias)
                                .with(layer, c, rope, null),
                        Common.mlp(weights, c, layer, mlpBias, Activation.SILU)),
                Common.finalNorm(weights, c));
    }
}
