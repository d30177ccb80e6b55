package dev.pintle.family;

import dev.pintle.transformer.Activation;
import dev.pintle.transformer.HeadNorms;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.PostNormBlock;
import dev.pintle.transformer.RmsNorm;
import dev.pintle.transformer.Rope;
import dev.pintle.transformer.Transformer;

/**
 * OLMo 2 (arXiv:2501.00656): norms after attention and MLP, and one each over all query heads and all key heads
 * together.
 */
public final class Olmo2 implements Architecture {
    @Override
    public String modelType() {
        return "olmo2";
    }

    @Override
    public ModelConfig config(ConfigReader json) {
        json.requireString("hidden_act", "silu");
        return Common.sizes(json, false);
    }

    @Override
    public Transformer build(ConfigReader json, ModelConfig c, Weights weights) {
        boolean bias = json.flagOr("attention_bias", false);
        Rope rope = RopeReader.read(json, c.dHead(), 10_000);
        return Common.assemble(
                weights,
                c,
                layer -> {
                    String at = Common.layer(layer) + "self_attn.";
                    int queries = c.nHeads() * c.dHead();
                    int keys = c.nKvHeads() * c.dHead();
                    HeadNorms norms = new HeadNorms(
                            new RmsNorm(weights.norm(at + "q_norm.weight", queries), c.normEps()),
                            new RmsNorm(weights.norm(at + "k_norm.weight", keys), c.normEps()),
                            HeadNorms.Span.ALL_HEADS);
                    return new PostNormBlock(
                            layer,
                            Common.attention(weights, c, layer, bias, bias).with(layer, c, norms, rope, null),
                            Common.norm(weights, c, layer, "post_attention_layernorm"),
                            Common.mlp(weights, c, layer, false, Activation.SILU),
                            Common.norm(weights, c, layer, "post_feedforward_layernorm"));
                },
                Common.finalNorm(weights, c));
    }
}
