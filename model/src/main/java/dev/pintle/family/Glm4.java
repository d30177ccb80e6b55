package dev.pintle.family;

import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.Rope;
import dev.pintle.transformer.SandwichBlock;
import dev.pintle.transformer.Transformer;

/** GLM-4-0414 and GLM-Z1 (Z.ai 2025): GLM's parts with norms before and after attention and MLP. */
public final class Glm4 implements Architecture {
    @Override
    public String modelType() {
        return "glm4";
    }

    @Override
    public ModelConfig config(ConfigReader json) {
        return Glm.sizes(json);
    }

    @Override
    public Transformer build(ConfigReader json, ModelConfig c, Weights weights) {
        boolean bias = json.flagOr("attention_bias", false);
        Rope rope = Glm.rope(json, c);
        return Common.assemble(
                weights,
                c,
                layer -> new SandwichBlock(
                        layer,
                        Common.norm(weights, c, layer, "input_layernorm"),
                        Glm.attention(weights, c, layer, bias, rope),
                        Common.norm(weights, c, layer, "post_self_attn_layernorm"),
                        Common.norm(weights, c, layer, "post_attention_layernorm"),
                        Glm.mlp(weights, c, layer),
                        Common.norm(weights, c, layer, "post_mlp_layernorm")),
                Common.finalNorm(weights, c));
    }
}
