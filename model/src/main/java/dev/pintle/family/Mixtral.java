package dev.pintle.family;

import dev.pintle.transformer.MixtureOfExperts;
import dev.pintle.transformer.Mlp;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.ModelConfig.Experts;
import dev.pintle.transformer.Rope;
import dev.pintle.transformer.Transformer;

/** Mixtral (arXiv:2401.04088): Mistral's block with a mixture of experts in place of the MLP. */
public final class Mixtral implements Architecture {
    @Override
    public String modelType() {
        return "mixtral";
    }

    @Override
    public ModelConfig config(ConfigReader json) {
        json.requireString("hidden_act", "silu");
        return ExpertReader.sizes(json, Common.sizes(json, false), "intermediate_size", 0, layer -> true);
    }

    @Override
    public Transformer build(ConfigReader json, ModelConfig c, Weights weights) {
        Integer window = json.has("sliding_window") ? (Integer) json.positive("sliding_window") : null;
        Rope rope = RopeReader.read(json, c.dHead(), 1_000_000);
        return Common.assemble(
                weights,
                c,
                layer -> Common.preNormBlock(
                        weights,
                        c,
                        layer,
                        Common.attention(weights, c, layer, false, false).with(layer, c, rope, window),
                        mixture(weights, c, layer)),
                Common.finalNorm(weights, c));
    }

    private static Mlp mixture(Weights weights, ModelConfig c, int layer) {
        Experts experts = c.requireExperts();
        String at = Common.layer(layer) + "block_sparse_moe.";
        return new MixtureOfExperts(
                layer,
                weights.linear(at + "gate", experts.nExperts(), c.dModel(), false),
                experts.nChosen(),
                true,
                ExpertReader.gated(weights, c, experts, at, ExpertReader.Names.MIXTRAL),
                null);
    }
}
