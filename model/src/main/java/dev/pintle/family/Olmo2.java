package dev.pintle.family;

import dev.pintle.transformer.Attention;
import dev.pintle.transformer.Block;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.Norm;
import dev.pintle.transformer.RmsNorm;
import dev.pintle.transformer.Rope;
import dev.pintle.transformer.Transformer;

/** OLMo 2 (arXiv:2501.00656): norms after attention and MLP, and one over all query and all key heads together. */
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
                    Attention.Parts parts = Common.withNorms(
                            Common.attention(weights, c, layer, bias, bias),
                            RmsNorm.of(weights.norm(at + "q_norm.weight", queries), c.normEps()),
                            RmsNorm.of(weights.norm(at + "k_norm.weight", keys), c.normEps()),
                            false);
                    return new Block(
                            layer,
                            Norm.NONE,
                            new Attention(layer, c, parts, rope, null),
                            Common.norm(weights, c, layer, "post_attention_layernorm"),
                            Norm.NONE,
                            Common.siluMlp(weights, c, layer, false),
                            Common.norm(weights, c, layer, "post_feedforward_layernorm"));
                },
                Common.finalNorm(weights, c));
    }
}
