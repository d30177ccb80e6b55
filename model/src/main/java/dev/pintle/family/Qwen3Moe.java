package dev.pintle.family;

import dev.pintle.transformer.Activation;
import dev.pintle.transformer.MixtureOfExperts;
import dev.pintle.transformer.Mlp;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.ModelConfig.Experts;
import dev.pintle.transformer.Rope;
import dev.pintle.transformer.Transformer;
import java.util.function.IntFunction;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/** Qwen 3 with a mixture of experts in most layers (arXiv:2505.09388). */
public final class Qwen3Moe implements Architecture {
    @Override
    public String modelType() {
        return "qwen3_moe";
    }

    @Override
    public ModelConfig config(ConfigReader json) {
        json.requireString("hidden_act", "silu");
        return ExpertReader.sizes(
                json, Common.sizes(json, false), "moe_intermediate_size", 0, ExpertReader.sparse(json));
    }

    @Override
    public Transformer build(ConfigReader json, ModelConfig c, Weights weights) {
        boolean bias = json.flagOr("attention_bias", false);
        boolean renormalised = json.flagOr("norm_topk_prob", false);
        IntPredicate sparse = ExpertReader.sparse(json);
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
                                .with(layer, c, Qwen3.headNorms(weights, c, layer), rope, windows.apply(layer)),
                        sparse.test(layer)
                                ? mixture(weights, c, layer, renormalised)
                                : Common.mlp(weights, c, layer, false, Activation.SILU)),
                Common.finalNorm(weights, c));
    }

    /** A mixture of experts under Qwen's names. */
    static Mlp mixture(Weights weights, ModelConfig c, int layer, boolean renormalised) {
        Experts experts = c.requireExperts();
        String at = Common.layer(layer) + "mlp.";
        return new MixtureOfExperts(
                layer,
                weights.linear(at + "gate", experts.nExperts(), c.dModel(), false),
                experts.nChosen(),
                renormalised,
                ExpertReader.gated(weights, c, experts, at, ExpertReader.Names.QWEN),
                null);
    }
}
