package dev.pintle.family;

import dev.pintle.tensor.Tensor;
import dev.pintle.transformer.Activation;
import dev.pintle.transformer.Block;
import dev.pintle.transformer.Embedding;
import dev.pintle.transformer.Linear;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.ParallelBlock;
import dev.pintle.transformer.PlainMlp;
import dev.pintle.transformer.Rope;
import dev.pintle.transformer.Table;
import dev.pintle.transformer.Transformer;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Phi 1, 1.5 and 2 (arXiv:2306.11644, arXiv:2309.05463): attention and MLP in parallel, both reading one LayerNorm, biases
 * everywhere, the logits' included, and rotary positions on part of each head.
 */
public final class Phi implements Architecture {
    private static final double USUAL_SHARE = 0.5; // of each head's elements, rotated

    @Override
    public String modelType() {
        return "phi";
    }

    @Override
    public ModelConfig config(ConfigReader json) {
        json.requireString("hidden_act", "gelu_new", "gelu_pytorch_tanh"); // two names of one approximation
        json.requireValue("qk_layernorm", false);
        json.requireValue("tie_word_embeddings", false);
        return Common.sizes(json, false, "layer_norm_eps");
    }

    @Override
    public Transformer build(ConfigReader json, ModelConfig c, Weights weights) {
        Rope rope = RopeReader.read(json, c.dHead(), 10_000, USUAL_SHARE);
        Table embedding = weights.embedding(c);
        Linear unembedding = weights.unembedding(embedding, c);
        Tensor bias = weights.norm("lm_head.bias", c.dVocab()); // added in FP32
        List<Block> blocks = IntStream.range(0, c.nLayers())
                .mapToObj(layer -> block(weights, c, layer, rope))
                .toList();
        return new Transformer(
                new Embedding(embedding, null, 1),
                blocks,
                Common.layerNorm(weights, c, "model.final_layernorm", true),
                unembedding,
                bias);
    }

    private static Block block(Weights weights, ModelConfig c, int layer, Rope rope) {
        String at = Common.layer(layer);
        return new ParallelBlock(
                layer,
                Common.layerNorm(weights, c, at + "input_layernorm", true),
                Common.attention(weights, c, layer, true, "dense", true).with(layer, c, rope, null),
                null,
                new PlainMlp(
                        layer,
                        weights.linear(at + "mlp.fc1", c.dMlp(), c.dModel(), true),
                        weights.linear(at + "mlp.fc2", c.dModel(), c.dMlp(), true),
                        Activation.GELU_TANH));
    }
}
