package dev.pintle.family;

import dev.pintle.transformer.HeadNorms;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.Transformer;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Gemma 3, text only (arXiv:2503.19786): Gemma 2's block with a norm on each query and key head; five out of six layers
 * have a sliding window and their own rotary base.
 */
public final class Gemma3 implements Architecture {
    @Override
    public String modelType() {
        return "gemma3_text";
    }

    @Override
    public ModelConfig config(ConfigReader json) {
        return Common.gemmaSizes(json, 256);
    }

    @Override
    public Transformer build(ConfigReader json, ModelConfig c, Weights weights) {
        boolean bias = json.flagOr("attention_bias", false);
        int pattern = json.positiveOr("sliding_window_pattern", json.positiveOr("_sliding_window_pattern", 6));
        IntFunction<@Nullable Integer> windows =
                Common.windows(json, c, json.positiveOr("sliding_window", 4096), layer -> (layer + 1) % pattern != 0);
        if (json.has("sliding_window_pattern") || json.has("_sliding_window_pattern")) {
            for (int layer = 0; layer < c.nLayers(); layer++) {
                if ((windows.apply(layer) == null) != ((layer + 1) % pattern == 0)) {
                    throw json.unexpected("layer_types", "types that match sliding_window_pattern = " + pattern);
                }
            }
        }
        RopeReader.ByWindow ropes =
                RopeReader.byWindow(json, c.dHead(), json.numberOr("rope_local_base_freq", 10_000), 1_000_000);
        return Common.assemble(
                weights,
                c,
                layer -> {
                    String at = Common.layer(layer) + "self_attn.";
                    HeadNorms norms = new HeadNorms(
                            Common.gemmaNorm(weights, c, at + "q_norm", c.dHead()),
                            Common.gemmaNorm(weights, c, at + "k_norm", c.dHead()),
                            HeadNorms.Span.HEAD);
                    Integer window = windows.apply(layer);
                    return Gemma2.sandwich(
                            weights,
                            c,
                            layer,
                            Common.attention(weights, c, layer, bias, bias)
                                    .with(layer, c, norms, ropes.of(window), window));
                },
                Common.gemmaNorm(weights, c, "model.norm", c.dModel()));
    }
}
