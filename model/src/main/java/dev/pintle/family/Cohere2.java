package dev.pintle.family;

import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.Rope;
import dev.pintle.transformer.Transformer;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Command R7B and A, Aya Expanse's successors (Cohere 2024 and 2025, arXiv:2504.00698): Cohere's block; three of four layers
 * have a sliding window and rotary positions, the others neither.
 */
public final class Cohere2 implements Architecture {
    private static final int USUAL_PATTERN = 4;

    @Override
    public String modelType() {
        return "cohere2";
    }

    @Override
    public ModelConfig config(ConfigReader json) {
        json.requireString("position_embedding_type", "rope_gptj"); // what the first files say of the same wiring
        json.requireString("order_of_interleaved_layers", "local_attn_first");
        json.requireValue("use_gated_activation", true);
        json.requireValue("use_parallel_block", true);
        json.requireValue("use_parallel_embedding", true);
        json.requireValue("use_qk_norm", false);
        if (json.numberOr("rotary_pct", 1) != 1) {
            throw json.unexpected("rotary_pct", "1");
        }
        ModelConfig c = Cohere.sizes(json);
        json.requireValue("use_embedding_sharing", c.tiedEmbeddings());
        return c;
    }

    @Override
    public Transformer build(ConfigReader json, ModelConfig c, Weights weights) {
        boolean bias = json.flagOr("attention_bias", false);
        int pattern = json.positiveOr("sliding_window_pattern", json.positiveOr("layer_switch", USUAL_PATTERN));
        json.requireValue("layer_switch", pattern);
        IntFunction<@Nullable Integer> windows =
                Common.windows(json, c, json.positiveOr("sliding_window", 4096), layer -> (layer + 1) % pattern != 0);
        Rope rope = RopeReader.read(json, c.dHead(), 10_000).inPairs();
        return Common.assemble(
                weights,
                c,
                layer -> {
                    Integer window = windows.apply(layer);
                    return Cohere.block(
                            weights,
                            c,
                            layer,
                            Common.attention(weights, c, layer, bias, bias)
                                    .with(layer, c, window == null ? null : rope, window));
                },
                Common.layerNorm(weights, c, "model.norm", false));
    }
}
