package dev.pintle.family;

import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.Rope;
import dev.pintle.transformer.Transformer;

/**
 * OLMoE (arXiv:2409.02060): Llama's block with a mixture of experts, and one norm each over all query heads and all key
 * heads together.
 */
public final class Olmoe implements Architecture {
    @Override
    public String modelType() {
        return "olmoe";
    }

    @Override
    public ModelConfig config(ConfigReader json) {
        json.requireString("hidden_act", "silu");
        if (json.has("clip_qkv")) {
            throw json.unexpected("clip_qkv", "null");
        }
        return ExpertReader.sizes(json, Common.sizes(json, false), "intermediate_size", 0, layer -> true);
    }

    @Override
    public Transformer build(ConfigReader json, ModelConfig c, Weights weights) {
        boolean bias = json.flagOr("attention_bias", false);
        boolean renormalised = json.flagOr("norm_topk_prob", false);
        Rope rope = RopeReader.read(json, c.dHead(), 10_000);
        return Common.assemble(
                weights,
                c,
                layer -> Common.preNormBlock(
                        weights,
                        c,
                        layer,
                        Common.attention(weights, c, layer, bias, bias)
                                .with(layer, c, Olmo2.normsOfAllHeads(weights, c, layer), rope, null),
                        Qwen3Moe.mixture(weights, c, layer, renormalised)),
                Common.finalNorm(weights, c));
    }
}
