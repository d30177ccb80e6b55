package dev.pintle.family;

import dev.pintle.tensor.Tensor;
import dev.pintle.transformer.Activation;
import dev.pintle.transformer.Attention;
import dev.pintle.transformer.Block;
import dev.pintle.transformer.HeadNorms;
import dev.pintle.transformer.Mlp;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.Norm;
import dev.pintle.transformer.ParallelBlock;
import dev.pintle.transformer.PreNormBlock;
import dev.pintle.transformer.Rope;
import dev.pintle.transformer.Transformer;
import java.util.List;
import java.util.stream.IntStream;

/**
 * StableLM 2 and 3B (arXiv:2402.17834): Llama's block with LayerNorm and rotary positions on part of each head, or attention
 * and MLP in parallel behind one norm, if configured, and norms of each query and key head.
 */
public final class StableLm implements Architecture {
    private static final double USUAL_SHARE = 0.25; // of each head's elements, rotated

    @Override
    public String modelType() {
        return "stablelm";
    }

    @Override
    public ModelConfig config(ConfigReader json) {
        json.requireString("hidden_act", "silu");
        return Common.sizes(json, false, "layer_norm_eps");
    }

    @Override
    public Transformer build(ConfigReader json, ModelConfig c, Weights weights) {
        boolean parallel = json.flagOr("use_parallel_residual", false);
        boolean bias = json.flagOr("use_qkv_bias", false);
        boolean normsHeads = json.flagOr("qk_layernorm", false);
        Rope rope = RopeReader.read(json, c.dHead(), 10_000, USUAL_SHARE);
        return Common.assemble(
                weights,
                c,
                layer -> block(
                        weights,
                        c,
                        layer,
                        Common.attention(weights, c, layer, bias, false)
                                .with(layer, c, normsHeads ? headNorms(weights, c, layer) : HeadNorms.NONE, rope, null),
                        parallel),
                Common.layerNorm(weights, c, "model.norm", true));
    }

    private static Block block(Weights weights, ModelConfig c, int layer, Attention attention, boolean parallel) {
        Norm first = Common.layerNorm(weights, c, Common.layer(layer) + "input_layernorm", true);
        Mlp mlp = Common.mlp(weights, c, layer, false, Activation.SILU);
        return parallel
                ? new ParallelBlock(layer, first, attention, null, mlp)
                : new PreNormBlock(
                        layer,
                        first,
                        attention,
                        Common.layerNorm(weights, c, Common.layer(layer) + "post_attention_layernorm", true),
                        mlp);
    }

    private static HeadNorms headNorms(Weights weights, ModelConfig c, int layer) {
        String at = Common.layer(layer) + "self_attn.";
        return new HeadNorms(
                perHead(weights, c, at + "q_layernorm.norms.", c.nHeads()),
                perHead(weights, c, at + "k_layernorm.norms.", c.nKvHeads()),
                HeadNorms.Span.HEAD);
    }

    private static Norm perHead(Weights weights, ModelConfig c, String at, int heads) {
        List<Tensor> each = IntStream.range(0, heads)
                .mapToObj(head -> weights.norm(at + head + ".weight", c.dHead()))
                .toList();
        return Common.perHead(weights, c, weights.own(Tensor.stack(each, 0)));
    }
}
