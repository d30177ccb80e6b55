package dev.pintle.family;

import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.Rope;
import dev.pintle.transformer.Transformer;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * EXAONE 4 (arXiv:2507.11407): OLMo 2's block with a norm on each query and key head; of a model with sliding windows, the
 * layers without one have no rotary positions.
 */
public final class Exaone4 implements Architecture {
    private static final int USUAL_PATTERN = 4;

    @Override
    public String modelType() {
        return "exaone4";
    }

    @Override
    public ModelConfig config(ConfigReader json) {
        json.requireString("hidden_act", "silu");
        return Common.sizes(json, false);
    }

    @Override
    public Transformer build(ConfigReader json, ModelConfig c, Weights weights) {
        boolean hybrid = json.has("sliding_window");
        int pattern = pattern(json);
        IntFunction<@Nullable Integer> windows = Common.windows(
                json,
                c,
                hybrid ? (Integer) json.positive("sliding_window") : null,
                layer -> (layer + 1) % pattern != 0);
        Rope rope = RopeReader.read(json, c.dHead(), 1_000_000);
        return Common.assemble(
                weights,
                c,
                layer -> {
                    Integer window = windows.apply(layer);
                    return Olmo2.postNormBlock(
                            weights,
                            c,
                            layer,
                            Common.attention(weights, c, layer, false, false)
                                    .with(
                                            layer,
                                            c,
                                            Qwen3.headNorms(weights, c, layer),
                                            hybrid && window == null ? null : rope,
                                            window));
                },
                Common.finalNorm(weights, c));
    }

    /** Every how many layers one has no window: a number, or as many letters as in LLLG, whose last is the G of global. */
    private static int pattern(ConfigReader json) {
        if (!json.has("sliding_window_pattern")) {
            return USUAL_PATTERN;
        }
        if (!json.isText("sliding_window_pattern")) {
            return json.positive("sliding_window_pattern");
        }
        String letters = json.text("sliding_window_pattern");
        if (!letters.matches("L{0,99}G")) {
            throw json.unexpected("sliding_window_pattern", "a positive integer, or letters such as LLLG");
        }
        return letters.length();
    }
}
