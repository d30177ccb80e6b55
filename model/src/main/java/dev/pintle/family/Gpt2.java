package dev.pintle.family;

import dev.pintle.tensor.Tensor;
import dev.pintle.transformer.Activation;
import dev.pintle.transformer.Attention;
import dev.pintle.transformer.Block;
import dev.pintle.transformer.Embedding;
import dev.pintle.transformer.HeadNorms;
import dev.pintle.transformer.Linear;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.ModelConfig.Ends;
import dev.pintle.transformer.ModelConfig.Heads;
import dev.pintle.transformer.ModelConfig.Sizes;
import dev.pintle.transformer.Norm;
import dev.pintle.transformer.PlainMlp;
import dev.pintle.transformer.PreNormBlock;
import dev.pintle.transformer.Table;
import dev.pintle.transformer.Transformer;
import java.util.List;
import java.util.stream.IntStream;

/** GPT-2 (Radford et al. 2019): learned positions, LayerNorm before attention and MLP, an MLP without a gate, biases everywhere. */
public final class Gpt2 implements Architecture {
    private static final int USUAL_WIDENING = 4; // of the MLP
    private static final int WIDEST = Integer.MAX_VALUE / USUAL_WIDENING;

    @Override
    public String modelType() {
        return "gpt2";
    }

    @Override
    public ModelConfig config(ConfigReader json) {
        json.requireString("activation_function", "gelu_new", "gelu_pytorch_tanh"); // two names of one approximation
        json.requireValue("add_cross_attention", false);
        json.has("reorder_and_upcast_attn"); // softmax is computed in at least FP32 anyway
        json.has("n_ctx"); // older name of n_positions, which transformers does not read
        int dModel = json.positive("n_embd");
        int nHeads = json.positive("n_head");
        if (dModel > WIDEST) {
            throw json.unexpected("n_embd", "at most " + WIDEST);
        }
        if (dModel % nHeads != 0) {
            throw json.unexpected("n_head", "a divisor of n_embd = " + dModel);
        }
        Heads heads = new Heads(nHeads, nHeads, dModel / nHeads);
        return new ModelConfig(
                json.text("model_type"),
                new Sizes(
                        json.layers("n_layer"),
                        dModel,
                        json.positiveOr("n_inner", USUAL_WIDENING * dModel),
                        json.positive("vocab_size"),
                        json.positive("n_positions")),
                json.flagOr("scale_attn_weights", true) ? heads : heads.scaled(1, null),
                new Ends(json.flagOr("tie_word_embeddings", true)),
                json.number("layer_norm_epsilon"));
    }

    @Override
    public Transformer build(ConfigReader json, ModelConfig c, Weights weights) {
        boolean byLayer = json.flagOr("scale_attn_by_inverse_layer_idx", false);
        String prefix = weights.has("transformer.wte.weight") ? "transformer." : "";
        Table embedding = weights.table(prefix + "wte.weight", c.dVocab(), c.dModel());
        Tensor positions = weights.get(prefix + "wpe.weight", c.maxPositions(), c.dModel());
        List<Block> blocks = IntStream.range(0, c.nLayers())
                .mapToObj(layer -> block(
                        weights,
                        byLayer ? c.with(c.heads().scaled(c.attentionScale() / (layer + 1), null)) : c,
                        prefix + "h." + layer + ".",
                        layer))
                .toList();
        Norm finalNorm = Common.layerNorm(weights, c, prefix + "ln_f", true);
        Linear unembedding = weights.unembedding(embedding, prefix + "wte.weight", c);
        return new Transformer(new Embedding(embedding, positions, 1), blocks, finalNorm, unembedding);
    }

    private static Block block(Weights weights, ModelConfig c, String at, int layer) {
        weights.passOver(at + "attn.bias"); // the causal mask
        weights.passOver(at + "attn.masked_bias"); // the score of masked entries
        return new PreNormBlock(
                layer,
                Common.layerNorm(weights, c, at + "ln_1", true),
                new Attention(
                        layer,
                        c,
                        weights.sideBySide(at + "attn.c_attn", c.dModel(), c.dModel(), c.dModel(), c.dModel()),
                        weights.sideways(at + "attn.c_proj", c.dModel(), c.dModel()),
                        HeadNorms.NONE,
                        null,
                        null),
                Common.layerNorm(weights, c, at + "ln_2", true),
                new PlainMlp(
                        layer,
                        weights.sideways(at + "mlp.c_fc", c.dModel(), c.dMlp()),
                        weights.sideways(at + "mlp.c_proj", c.dMlp(), c.dModel()),
                        Activation.GELU_TANH));
    }
}
