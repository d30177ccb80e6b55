package dev.pintle.family;

import dev.pintle.transformer.Activation;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.ModelConfig.Ends;
import dev.pintle.transformer.PreNormBlock;
import dev.pintle.transformer.Rope;
import dev.pintle.transformer.Transformer;

/** Gemma, the first (arXiv:2403.08295): Llama's block with Gemma's norms, activation function and scaled embeddings. */
public final class Gemma implements Architecture {
    @Override
    public String modelType() {
        return "gemma";
    }

    @Override
    public ModelConfig config(ConfigReader json) {
        json.requireString("hidden_activation", "gelu_pytorch_tanh");
        json.requireString(
                "hidden_act", "gelu_pytorch_tanh", "gelu"); // the first files say gelu and mean its approximation
        json.requireValue("use_bidirectional_attention", false);
        ModelConfig sizes = Common.sizes(json, true);
        return sizes.with(new Ends(sizes.tiedEmbeddings(), Math.sqrt(sizes.dModel()), 1, null));
    }

    @Override
    public Transformer build(ConfigReader json, ModelConfig c, Weights weights) {
        boolean bias = json.flagOr("attention_bias", false);
        Rope rope = RopeReader.read(json, c.dHead(), 10_000);
        return Common.assemble(
                weights,
                c,
                layer -> new PreNormBlock(
                        layer,
                        Common.gemmaNorm(weights, c, Common.layer(layer) + "input_layernorm", c.dModel()),
                        Common.attention(weights, c, layer, bias, bias).with(layer, c, rope, null),
                        Common.gemmaNorm(weights, c, Common.layer(layer) + "post_attention_layernorm", c.dModel()),
                        Common.mlp(weights, c, layer, false, Activation.GELU_TANH)),
                Common.gemmaNorm(weights, c, "model.norm", c.dModel()));
    }
}
