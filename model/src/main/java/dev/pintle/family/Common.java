package dev.pintle.family;

import dev.pintle.tensor.Tensor;
import dev.pintle.transformer.Activation;
import dev.pintle.transformer.Attention;
import dev.pintle.transformer.Block;
import dev.pintle.transformer.Embedding;
import dev.pintle.transformer.GatedMlp;
import dev.pintle.transformer.HeadNorms;
import dev.pintle.transformer.Joined;
import dev.pintle.transformer.LayerNorm;
import dev.pintle.transformer.Linear;
import dev.pintle.transformer.Mlp;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.ModelConfig.Ends;
import dev.pintle.transformer.ModelConfig.Heads;
import dev.pintle.transformer.ModelConfig.Sizes;
import dev.pintle.transformer.Norm;
import dev.pintle.transformer.PerHeadLayerNorm;
import dev.pintle.transformer.PreNormBlock;
import dev.pintle.transformer.RmsNorm;
import dev.pintle.transformer.Rope;
import dev.pintle.transformer.Table;
import dev.pintle.transformer.Transformer;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Shared by the families: configuration keys of the sizes, and the weight names that Llama introduced. */
final class Common {
    private Common() {}

    /**
     * Sizes under their usual keys; {@code tiedByDefault} applies if the file does not say whether embeddings are tied.
     */
    static ModelConfig sizes(ConfigReader json, boolean tiedByDefault) {
        return sizes(json, tiedByDefault, "rms_norm_eps");
    }

    /** The same for a family whose norms have their epsilon under another key. */
    static ModelConfig sizes(ConfigReader json, boolean tiedByDefault, String epsilon) {
        int dModel = json.positive("hidden_size");
        return new ModelConfig(
                json.text("model_type"),
                new Sizes(
                        json.layers("num_hidden_layers"),
                        dModel,
                        json.positive("intermediate_size"),
                        json.positive("vocab_size"),
                        json.positiveOr("max_position_embeddings", Integer.MAX_VALUE)),
                heads(json, dModel),
                new Ends(json.flagOr("tie_word_embeddings", tiedByDefault)),
                json.number(epsilon));
    }

    /** Heads under their usual keys; dHead is dModel / nHeads only if the file does not state it. */
    private static Heads heads(ConfigReader json, int dModel) {
        int nHeads = json.positive("num_attention_heads");
        int nKvHeads = json.positiveOr("num_key_value_heads", nHeads);
        if (nHeads % nKvHeads != 0) {
            throw json.unexpected("num_key_value_heads", "a divisor of num_attention_heads = " + nHeads);
        }
        if (!json.has("head_dim") && dModel % nHeads != 0) {
            throw json.unexpected("head_dim", "a width, since hidden_size is not a multiple of num_attention_heads");
        }
        return new Heads(nHeads, nKvHeads, json.positiveOr("head_dim", dModel / nHeads));
    }

    /** Sizes of a Gemma model: embeddings and attention scores are scaled, scores and logits may be soft-capped. */
    static ModelConfig gemmaSizes(ConfigReader json, double defaultQueryScalar) {
        json.requireString("hidden_activation", "gelu_pytorch_tanh");
        json.requireString("hidden_act", "gelu_pytorch_tanh");
        json.requireValue("use_bidirectional_attention", false);
        ModelConfig sizes = sizes(json, true);
        return sizes.with(sizes.heads()
                        .scaled(
                                1 / Math.sqrt(json.numberOr("query_pre_attn_scalar", defaultQueryScalar)),
                                json.numberOrNull("attn_logit_softcapping")))
                .with(new Ends(
                        sizes.tiedEmbeddings(),
                        Math.sqrt(sizes.dModel()),
                        1,
                        json.numberOrNull("final_logit_softcapping")));
    }

    static String layer(int layer) {
        return "model.layers." + layer + ".";
    }

    /** The linear maps of a block's attention. */
    record AttentionMaps(Joined qkv, Linear out) {
        /** Attention without norms on queries and keys. */
        Attention with(int layer, ModelConfig c, @Nullable Rope rope, @Nullable Integer window) {
            return with(layer, c, HeadNorms.NONE, rope, window);
        }

        Attention with(int layer, ModelConfig c, HeadNorms norms, @Nullable Rope rope, @Nullable Integer window) {
            return new Attention(layer, c, qkv, out, norms, rope, window);
        }
    }

    /** Queries, keys, values and output under Llama's names. */
    static AttentionMaps attention(Weights weights, ModelConfig c, int layer, boolean qkvBias, boolean outBias) {
        return attention(weights, c, layer, qkvBias, "o_proj", outBias);
    }

    /** The same with the output under another name. */
    static AttentionMaps attention(
            Weights weights, ModelConfig c, int layer, boolean qkvBias, String out, boolean outBias) {
        String at = layer(layer) + "self_attn.";
        int queries = c.nHeads() * c.dHead();
        int shared = c.nKvHeads() * c.dHead();
        return new AttentionMaps(
                weights.joined(
                        c.dModel(),
                        qkvBias,
                        new Weights.Part(at + "q_proj", queries),
                        new Weights.Part(at + "k_proj", shared),
                        new Weights.Part(at + "v_proj", shared)),
                weights.linear(at + out, c.dModel(), queries, outBias));
    }

    /** The gated MLP under Llama's names. */
    static Mlp mlp(Weights weights, ModelConfig c, int layer, boolean bias, Activation activation) {
        String at = layer(layer) + "mlp.";
        return new GatedMlp(
                layer,
                weights.joined(
                        c.dModel(),
                        bias,
                        new Weights.Part(at + "gate_proj", c.dMlp()),
                        new Weights.Part(at + "up_proj", c.dMlp())),
                weights.linear(at + "down_proj", c.dModel(), c.dMlp(), bias),
                activation);
    }

    /**
     * A norm over the residual stream.
     *
     * @param name the weight's name within the layer
     */
    static Norm norm(Weights weights, ModelConfig c, int layer, String name) {
        return new RmsNorm(weights.norm(layer(layer) + name + ".weight", c.dModel()), c.normEps());
    }

    /** A layer norm of the residual stream. */
    static Norm layerNorm(Weights weights, ModelConfig c, String name, boolean biased) {
        return new LayerNorm(
                weights.norm(name + ".weight", c.dModel()),
                biased ? weights.norm(name + ".bias", c.dModel()) : null,
                c.normEps());
    }

    /** A layer norm of each head, with a weight `[heads, dHead]`. */
    static Norm perHead(Weights weights, ModelConfig c, Tensor weight) {
        Tensor ones = weights.own(
                Tensor.empty(weight.dtype(), weight.device(), c.dHead()).fillInPlace(1));
        return new PerHeadLayerNorm(weight, ones, c.normEps());
    }

    /** A norm of {@code width} whose weight is stored as an offset from 1. */
    static Norm gemmaNorm(Weights weights, ModelConfig c, String name, int width) {
        Tensor stored = weights.norm(name + ".weight", width);
        return new RmsNorm(weights.normsIncludeOne() ? stored : weights.own(stored.plus(1)), c.normEps());
    }

    /** A Llama block: norms before attention and MLP. */
    static Block preNormBlock(Weights weights, ModelConfig c, int layer, Attention attention, Mlp mlp) {
        return new PreNormBlock(
                layer,
                norm(weights, c, layer, "input_layernorm"),
                attention,
                norm(weights, c, layer, "post_attention_layernorm"),
                mlp);
    }

    /** Embedding, blocks, final norm and unembedding. */
    static Transformer assemble(Weights weights, ModelConfig c, IntFunction<Block> block, Norm finalNorm) {
        Table embedding = weights.embedding(c);
        Linear unembedding = weights.unembedding(embedding, c);
        List<Block> blocks = IntStream.range(0, c.nLayers()).mapToObj(block).toList();
        return new Transformer(
                new Embedding(embedding, null, weights.rounded(c.ends().embeddingScale())),
                blocks,
                finalNorm,
                unembedding);
    }

    static Norm finalNorm(Weights weights, ModelConfig c) {
        return new RmsNorm(weights.norm("model.norm.weight", c.dModel()), c.normEps());
    }

    /**
     * The attention window of each layer, from {@code layer_types} if given.
     *
     * @param window number of tokens that a sliding layer sees; null if the model has none
     * @param slides whether a layer has a sliding window, if the file does not list layer types
     * @return window by layer; null for layers with full attention
     */
    static IntFunction<@Nullable Integer> windows(
            ConfigReader json, ModelConfig c, @Nullable Integer window, IntFunction<Boolean> slides) {
        List<String> types = json.stringsOrNull("layer_types");
        if (types != null && types.size() != c.nLayers()) {
            throw json.unexpected("layer_types", "one type per layer, " + c.nLayers() + " in total");
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
