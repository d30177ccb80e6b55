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

/** Qwen 1.5 and 2 with a mixture of experts in most layers, beside which one expert reads every token (arXiv:2407.10671). */
public final class Qwen2Moe implements Architecture {
    @Override
    public String modelType() {
        return "qwen2_moe";
    }

    @Override
    public ModelConfig config(ConfigReader json) {
        json.requireString("hidden_act", "silu");
        return ExpertReader.sizes(
                json,
                Common.sizes(json, false),
                "moe_intermediate_size",
                json.positive("shared_expert_intermediate_size"),
                ExpertReader.sparse(json));
    }

    @Override
    public Transformer build(ConfigReader json, ModelConfig c, Weights weights) {
        boolean bias = json.flagOr("qkv_bias", true);
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
                        Common.attention(weights, c, layer, bias, false).with(layer, c, rope, windows.apply(layer)),
                        sparse.test(layer)
                                ? mixture(weights, c, layer, renormalised)
                                : Common.mlp(weights, c, layer, false, Activation.SILU)),
                Common.finalNorm(weights, c));
    }

    private static Mlp mixture(Weights weights, ModelConfig c, int layer, boolean renormalised) {
        Experts experts = c.requireExperts();
        String at = Common.layer(layer) + "mlp.";
        return new MixtureOfExperts(
                layer,
                weights.linear(at + "gate", experts.nExperts(), c.dModel(), false),
                experts.nChosen(),
                renormalised,
                ExpertReader.gated(weights, c, experts, at, ExpertReader.Names.QWEN),
                new MixtureOfExperts.Shared(
                        weights.linear(at + "shared_expert_gate", 1, c.dModel(), false),
                        ExpertReader.gated(
                                weights, c, experts.dShared(), at + "shared_expert.", ExpertReader.Names.QWEN)));
    }
}
