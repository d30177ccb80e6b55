package dev.pintle.family;

import dev.pintle.transformer.Activation;
import dev.pintle.transformer.Attention;
import dev.pintle.transformer.GatedMlp;
import dev.pintle.transformer.Mlp;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.Rope;
import dev.pintle.transformer.Transformer;

/**
 * GLM-4 and GLM-Edge (arXiv:2406.12793): Llama's block with neighbouring elements rotated with each other on half of each
 * head, and gate and up stored as one matrix.
 */
public final class Glm implements Architecture {
    private static final double USUAL_SHARE = 0.5; // of each head's elements, rotated

    @Override
    public String modelType() {
        return "glm";
    }

    @Override
    public ModelConfig config(ConfigReader json) {
        return sizes(json);
    }

    /** Sizes of GLM's models. */
    static ModelConfig sizes(ConfigReader json) {
        json.requireString("hidden_act", "silu");
        return Common.sizes(json, false);
    }

    @Override
    public Transformer build(ConfigReader json, ModelConfig c, Weights weights) {
        boolean bias = json.flagOr("attention_bias", false);
        Rope rope = rope(json, c);
        return Common.assemble(
                weights,
                c,
                layer -> Common.preNormBlock(
                        weights, c, layer, attention(weights, c, layer, bias, rope), mlp(weights, c, layer)),
                Common.finalNorm(weights, c));
    }

    static Rope rope(ConfigReader json, ModelConfig c) {
        return RopeReader.read(json, c.dHead(), 10_000, USUAL_SHARE).inPairs();
    }

    static Attention attention(Weights weights, ModelConfig c, int layer, boolean bias, Rope rope) {
        return Common.attention(weights, c, layer, bias, false).with(layer, c, rope, null);
    }

    /** The gated MLP, with gate and up stored as one matrix. */
    static Mlp mlp(Weights weights, ModelConfig c, int layer) {
        String at = Common.layer(layer) + "mlp.";
        return new GatedMlp(
                layer,
                weights.stored(at + "gate_up_proj", c.dModel(), c.dMlp(), c.dMlp()),
                weights.linear(at + "down_proj", c.dModel(), c.dMlp(), false),
                Activation.SILU);
    }
}
