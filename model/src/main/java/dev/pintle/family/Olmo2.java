package dev.pintle.family;

import dev.pintle.transformer.Activation;
import dev.pintle.transformer.Attention;
import dev.pintle.transformer.Block;
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
                layer -> postNormBlock(
                        weights,
                        c,
                        layer,
                        Common.attention(weights, c, layer, bias, bias)
                                .with(layer, c, normsOfAllHeads(weights, c, layer), rope, null)),
                Common.finalNorm(weights, c));
    }

    /** A block with norms after attention and MLP. */
    static Block postNormBlock(Weights weights, ModelConfig c, int layer, Attention attention) {
        return new PostNormBlock(
                layer,
                attention,
                Common.norm(weights, c, layer, "post_attention_layernorm"),
                Common.mlp(weights, c, layer, false, Activation.SILU),
                Common.norm(weights, c, layer, "post_feedforward_layernorm"));
    }

    /** One norm over all query heads, and one over all key heads. */
    static HeadNorms normsOfAllHeads(Weights weights, ModelConfig c, int layer) {
        String at = Common.layer(layer) + "self_attn.";
        return new HeadNorms(
                new RmsNorm(weights.norm(at + "q_norm.weight", (long) c.nHeads() * c.dHead()), c.normEps()),
                new RmsNorm(weights.norm(at + "k_norm.weight", (long) c.nKvHeads() * c.dHead()), c.normEps()),
                HeadNorms.Span.ALL_HEADS);
    }
}
