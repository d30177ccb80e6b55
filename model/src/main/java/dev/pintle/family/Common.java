package dev.pintle.family;

import dev.pintle.tensor.Tensor;
import dev.pintle.transformer.Attention;
import dev.pintle.transformer.Block;
import dev.pintle.transformer.Linear;
import dev.pintle.transformer.Mlp;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.Norm;
import dev.pintle.transformer.RmsNorm;
import dev.pintle.transformer.Transformer;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** What the families share: names of the sizes, and the weight names that Llama introduced. */
final class Common {
    private Common() {}

    /** Sizes under their usual keys; the head width is divided out only where the file does not give it. */
    static ModelConfig sizes(ConfigReader json, boolean tiedByDefault) {
        int dModel = json.positive("hidden_size");
        int nHeads = json.positive("num_attention_heads");
        int nKvHeads = json.positiveOr("num_key_value_heads", nHeads);
        if (nHeads % nKvHeads != 0) {
            throw json.unexpected("num_key_value_heads", "a divisor of num_attention_heads = " + nHeads);
        }
        if (!json.has("head_dim") && dModel % nHeads != 0) {
            throw json.unexpected("head_dim", "a width, since hidden_size is not a multiple of num_attention_heads");
        }
        int dHead = json.positiveOr("head_dim", dModel / nHeads);
        return new ModelConfig(
                json.text("model_type"),
                json.positive("num_hidden_layers"),
                dModel,
                nHeads,
                nKvHeads,
                dHead,
                json.positive("intermediate_size"),
                json.positive("vocab_size"),
                json.positiveOr("max_position_embeddings", Integer.MAX_VALUE),
                json.number("rms_norm_eps"),
                json.flagOr("tie_word_embeddings", tiedByDefault),
                1 / Math.sqrt(dHead),
                null,
                null,
                1);
    }

    /** Sizes of a Gemma, whose scores, logits and embeddings are scaled and may be bounded. */
    static ModelConfig gemmaSizes(ConfigReader json, double defaultQueryScalar) {
        json.requireString("hidden_activation", "gelu_pytorch_tanh");
        json.requireString("hidden_act", "gelu_pytorch_tanh");
        json.requireValue("use_bidirectional_attention", false);
        ModelConfig sizes = sizes(json, true);
        return new ModelConfig(
                sizes.family(),
                sizes.nLayers(),
                sizes.dModel(),
                sizes.nHeads(),
                sizes.nKvHeads(),
                sizes.dHead(),
                sizes.dMlp(),
                sizes.dVocab(),
                sizes.maxPositions(),
                sizes.normEps(),
                sizes.tiedEmbeddings(),
                1 / Math.sqrt(json.numberOr("query_pre_attn_scalar", defaultQueryScalar)),
                json.numberOrNull("attn_logit_softcapping"),
                json.numberOrNull("final_logit_softcapping"),
                Math.sqrt(sizes.dModel()));
    }

    static String layer(int layer) {
        return "model.layers." + layer + ".";
    }

    /** Queries, keys, values and output under Llama's names, without norms. */
    static Attention.Parts attention(Weights weights, ModelConfig c, int layer, boolean qkvBias, boolean outBias) {
        String at = layer(layer) + "self_attn.";
        int queries = c.nHeads() * c.dHead();
        int shared = c.nKvHeads() * c.dHead();
        return Attention.Parts.plain(
                weights.linear(at + "q_proj", queries, c.dModel(), qkvBias),
                weights.linear(at + "k_proj", shared, c.dModel(), qkvBias),
                weights.linear(at + "v_proj", shared, c.dModel(), qkvBias),
                weights.linear(at + "o_proj", c.dModel(), queries, outBias));
    }

    /** The same with norms on queries and keys. */
    static Attention.Parts withNorms(Attention.Parts p, Norm queries, Norm keys, boolean perHead) {
        return new Attention.Parts(p.query(), p.key(), p.value(), p.out(), queries, keys, perHead);
    }

    /** The gated MLP under Llama's names. */
    static Mlp siluMlp(Weights weights, ModelConfig c, int layer, boolean bias) {
        return mlp(weights, c, layer, bias, true);
    }

    /** Gemma's gated MLP. */
    static Mlp geluMlp(Weights weights, ModelConfig c, int layer) {
        return mlp(weights, c, layer, false, false);
    }

    private static Mlp mlp(Weights weights, ModelConfig c, int layer, boolean bias, boolean silu) {
        String at = layer(layer) + "mlp.";
        return new Mlp(
                weights.linear(at + "gate_proj", c.dMlp(), c.dModel(), bias),
                weights.linear(at + "up_proj", c.dMlp(), c.dModel(), bias),
                weights.linear(at + "down_proj", c.dModel(), c.dMlp(), bias),
                silu ? Mlp.Activation.SILU : Mlp.Activation.GELU_TANH);
    }

    /**
     * A norm over the residual stream.
     *
     * @param name within the layer
     */
    static Norm norm(Weights weights, ModelConfig c, int layer, String name) {
        return RmsNorm.of(weights.norm(layer(layer) + name + ".weight", c.dModel()), c.normEps());
    }

    /** A norm of {@code width} whose weight is stored minus 1. */
    static Norm gemmaNorm(Weights weights, ModelConfig c, String name, int width) {
        return RmsNorm.of(weights.own(weights.norm(name + ".weight", width).plus(1)), c.normEps());
    }

    /** A Llama block: norms before attention and MLP. */
    static Block preNormBlock(Weights weights, ModelConfig c, int layer, Attention attention, Mlp mlp) {
        Norm preAttn = norm(weights, c, layer, "input_layernorm");
        Norm preMlp = norm(weights, c, layer, "post_attention_layernorm");
        return new Block(layer, preAttn, attention, Norm.NONE, preMlp, mlp, Norm.NONE);
    }

    /** Embedding, blocks, final norm and unembedding. */
    static Transformer assemble(Weights weights, ModelConfig c, IntFunction<Block> block, Norm finalNorm) {
        Tensor embedding = weights.embedding(c);
        Linear unembedding = weights.unembedding(embedding, c);
        List<Block> blocks = IntStream.range(0, c.nLayers())
                .mapToObj(layer -> weights.complete(block.apply(layer)))
                .toList();
        return new Transformer(embedding, blocks, finalNorm, unembedding);
    }

    static Norm finalNorm(Weights weights, ModelConfig c) {
        return RmsNorm.of(weights.norm("model.norm.weight", c.dModel()), c.normEps());
    }

    /**
     * The window of each layer, from {@code layer_types} where given.
     *
     * @param window tokens that a sliding layer sees, or null where the model has none
     * @param slides whether a layer slides where the file does not list its type
     * @return window by layer; null for layers that see everything
     */
    static IntFunction<@Nullable Integer> windows(
            ConfigReader json, ModelConfig c, @Nullable Integer window, IntFunction<Boolean> slides) {
        List<String> types = json.stringsOrNull("layer_types");
        if (types != null && types.size() != c.nLayers()) {
            throw json.unexpected("layer_types", "one type a layer, " + c.nLayers() + " in all");
        }
        if (types != null
                && !types.stream().allMatch(t -> t.equals("sliding_attention") || t.equals("full_attention"))) {
            throw json.unexpected("layer_types", "sliding_attention or full_attention");
        }
        return layer -> {
            boolean sliding = types == null
                    ? Boolean.TRUE.equals(slides.apply(layer))
                    : types.get(layer).equals("sliding_attention");
            return sliding ? window : null;
        };
    }
}
