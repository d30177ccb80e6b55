package dev.pintle.family;

import dev.pintle.transformer.Activation;
import dev.pintle.transformer.Attention;
import dev.pintle.transformer.Block;
import dev.pintle.transformer.Embedding;
import dev.pintle.transformer.HeadNorms;
import dev.pintle.transformer.Linear;
import dev.pintle.transformer.Mlp;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.ModelConfig.Ends;
import dev.pintle.transformer.ModelConfig.Heads;
import dev.pintle.transformer.ModelConfig.Sizes;
import dev.pintle.transformer.Norm;
import dev.pintle.transformer.ParallelBlock;
import dev.pintle.transformer.PlainMlp;
import dev.pintle.transformer.PreNormBlock;
import dev.pintle.transformer.Rope;
import dev.pintle.transformer.Table;
import dev.pintle.transformer.Transformer;
import java.util.List;
import java.util.stream.IntStream;

/**
 * GPT-NeoX and Pythia (arXiv:2204.06745, arXiv:2304.01373): attention and MLP in parallel if configured, LayerNorm, an
 * MLP without a gate, and rotary positions on part of each head.
 */
public final class GptNeoX implements Architecture {
    private static final double USUAL_SHARE = 0.25; // of each head's elements, rotated

    @Override
    public String modelType() {
        return "gpt_neox";
    }

    @Override
    public ModelConfig config(ConfigReader json) {
        json.requireString("hidden_act", "gelu");
        json.requireValue("tie_word_embeddings", false);
        int dModel = json.positive("hidden_size");
        int nHeads = json.positive("num_attention_heads");
        if (dModel % nHeads != 0) {
            throw json.unexpected("num_attention_heads", "a divisor of hidden_size = " + dModel);
        }
        return new ModelConfig(
                json.text("model_type"),
                new Sizes(
                        json.layers("num_hidden_layers"),
                        dModel,
                        json.positive("intermediate_size"),
                        json.positive("vocab_size"),
                        json.positiveOr("max_position_embeddings", Integer.MAX_VALUE)),
                new Heads(nHeads, nHeads, dModel / nHeads),
                new Ends(false),
                json.number("layer_norm_eps"));
    }

    @Override
    public Transformer build(ConfigReader json, ModelConfig c, Weights weights) {
        boolean parallel = json.flagOr("use_parallel_residual", true);
        boolean bias = json.flagOr("attention_bias", true);
        Rope rope = RopeReader.read(
                json, c.dHead(), json.numberOr("rotary_emb_base", 10_000), json.numberOr("rotary_pct", USUAL_SHARE));
        Table embedding = weights.table("gpt_neox.embed_in.weight", c.dVocab(), c.dModel());
        List<Block> blocks = IntStream.range(0, c.nLayers())
                .mapToObj(layer -> block(weights, c, layer, rope, bias, parallel))
                .toList();
        Linear unembedding = weights.linear("embed_out", c.dVocab(), c.dModel(), false);
        return new Transformer(
                new Embedding(embedding, null, 1),
                blocks,
                Common.layerNorm(weights, c, "gpt_neox.final_layer_norm", true),
                unembedding);
    }

    private static Block block(Weights weights, ModelConfig c, int layer, Rope rope, boolean bias, boolean parallel) {
        String at = "gpt_neox.layers." + layer + ".";
        weights.passOver(at + "attention.bias"); // the causal mask
        weights.passOver(at + "attention.masked_bias"); // the score of masked entries
        Attention attention = new Attention(
                layer,
                c,
                weights.byHead(at + "attention.query_key_value", c.dModel(), c.nHeads(), c.dHead(), 3, bias),
                weights.linear(at + "attention.dense", c.dModel(), c.dModel(), bias),
                HeadNorms.NONE,
                rope,
                null);
        Mlp mlp = new PlainMlp(
                layer,
                weights.linear(at + "mlp.dense_h_to_4h", c.dMlp(), c.dModel(), true),
                weights.linear(at + "mlp.dense_4h_to_h", c.dModel(), c.dMlp(), true),
                Activation.GELU);
        Norm attnNorm = Common.layerNorm(weights, c, at + "input_layernorm", true);
        Norm mlpNorm = Common.layerNorm(weights, c, at + "post_attention_layernorm", true);
        return parallel
                ? new ParallelBlock(layer, attnNorm, attention, mlpNorm, mlp)
                : new PreNormBlock(layer, attnNorm, attention, mlpNorm, mlp);
    }
}
