package dev.pintle.family;

import dev.pintle.transformer.Activation;
import dev.pintle.transformer.Attention;
import dev.pintle.transformer.Block;
import dev.pintle.transformer.HeadNorms;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.ModelConfig.Ends;
import dev.pintle.transformer.ParallelBlock;
import dev.pintle.transformer.Rope;
import dev.pintle.transformer.Transformer;

/**
 * Command R and R+, Aya 23 (Cohere 2024): attention and MLP in parallel behind one LayerNorm without a bias, neighbouring
 * elements rotated with each other, scaled logits.
 */
public final class Cohere implements Architecture {
    @Override
    public String modelType() {
        return "cohere";
    }

    @Override
    public ModelConfig config(ConfigReader json) {
        return sizes(json);
    }

    /** Sizes of Cohere's models. */
    static ModelConfig sizes(ConfigReader json) {
        json.requireString("hidden_act", "silu");
        ModelConfig sizes = Common.sizes(json, true, "layer_norm_eps");
        return sizes.with(new Ends(sizes.tiedEmbeddings(), 1, json.numberOr("logit_scale", 1.0 / 16), null));
    }

    @Override
    public Transformer build(ConfigReader json, ModelConfig c, Weights weights) {
        boolean bias = json.flagOr("attention_bias", false);
        boolean normsHeads = json.flagOr("use_qk_norm", false);
        Rope rope = RopeReader.read(json, c.dHead(), 10_000).inPairs();
        return Common.assemble(
                weights,
                c,
                layer -> block(
                        weights,
                        c,
                        layer,
                        Common.attention(weights, c, layer, bias, bias)
                                .with(
                                        layer,
                                        c,
                                        normsHeads ? headNorms(weights, c, layer) : HeadNorms.NONE,
                                        rope,
                                        null)),
                Common.layerNorm(weights, c, "model.norm", false));
    }

    /** Attention and MLP in parallel behind one norm. */
    static Block block(Weights weights, ModelConfig c, int layer, Attention attention) {
        return new ParallelBlock(
                layer,
                Common.layerNorm(weights, c, Common.layer(layer) + "input_layernorm", false),
                attention,
                null,
                Common.mlp(weights, c, layer, false, Activation.SILU));
    }

    private static HeadNorms headNorms(Weights weights, ModelConfig c, int layer) {
        String at = Common.layer(layer) + "self_attn.";
        return new HeadNorms(
                Common.perHead(weights, c, weights.norm(at + "q_norm.weight", c.nHeads(), c.dHead())),
                Common.perHead(weights, c, weights.norm(at + "k_norm.weight", c.nKvHeads(), c.dHead())),
                HeadNorms.Span.HEAD);
    }
}
