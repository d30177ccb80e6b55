package dev.pintle.family;

import dev.pintle.tensor.Tensor;
import dev.pintle.transformer.Activation;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.ModelConfig.Ends;
import dev.pintle.transformer.Norm;
import dev.pintle.transformer.Rope;
import dev.pintle.transformer.SandwichBlock;
import dev.pintle.transformer.Transformer;

/**
 * Granite 3, dense (arXiv:2405.04324 and its successors): Llama with scale factors on embeddings, scores, branches and
 * logits.
 */
public final class Granite implements Architecture {
    /** Scales what attention and MLP add. */
    private record Scaled(double factor) implements Norm {
        @Override
        public Tensor forward(Tensor x) {
            return factor == 1 ? x : x.times(factor);
        }
    }

    @Override
    public String modelType() {
        return "granite";
    }

    @Override
    public ModelConfig config(ConfigReader json) {
        json.requireString("hidden_act", "silu");
        ModelConfig sizes = Common.sizes(json, false);
        return sizes.with(sizes.heads().scaled(json.numberOr("attention_multiplier", 1), null))
                .with(new Ends(
                        sizes.tiedEmbeddings(),
                        json.numberOr("embedding_multiplier", 1),
                        1 / json.numberOr("logits_scaling", 1),
                        null));
    }

    @Override
    public Transformer build(ConfigReader json, ModelConfig c, Weights weights) {
        boolean attentionBias = json.flagOr("attention_bias", false);
        boolean mlpBias = json.flagOr("mlp_bias", false);
        Scaled branch = new Scaled(json.numberOr("residual_multiplier", 1));
        Rope rope = RopeReader.read(json, c.dHead(), 10_000);
        return Common.assemble(
                weights,
                c,
                layer -> new SandwichBlock(
                        layer,
                        Common.norm(weights, c, layer, "input_layernorm"),
                        Common.attention(weights, c, layer, attentionBias, attentionBias)
                                .with(layer, c, rope, null),
                        branch,
                        Common.norm(weights, c, layer, "post_attention_layernorm"),
                        Common.mlp(weights, c, layer, mlpBias, Activation.SILU),
                        branch),
                Common.finalNorm(weights, c));
    }
}
