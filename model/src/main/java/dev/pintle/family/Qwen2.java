package dev.pintle.family;

import dev.pintle.transformer.Activation;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.Rope;
import dev.pintle.transformer.Transformer;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/** Qwen 2 and 2.5 (arXiv:2407.10671): Llama's block with biases on queries, keys and values. */
public final class Qwen2 implements Architecture {
    @Override
    public String modelType() {
        return "qwen2";
    }

    @Override
    public ModelConfig config(ConfigReader json) {
        json.requireString("hidden_act", "silu");
        return Common.sizes(json, false);
    }

    @Override
    public Transformer build(ConfigReader json, ModelConfig c, Weights weights) {
        IntFunction<@Nullable Integer> windows = windows(json, c);
        Rope rope = RopeReader.read(json, c.dHead(), 10_000);
        return Common.assemble(
                weights,
                c,
                layer -> Common.preNormBlock(
                        weights,
                        c,
                        layer,
                        Common.attention(weights, c, layer, true, false).with(layer, c, rope, windows.apply(layer)),
                        Common.mlp(weights, c, layer, false, Activation.SILU)),
                Common.finalNorm(weights, c));
    }

    /** Qwen's sliding window: off by default; if enabled, it applies to layers from {@code max_window_layers} on. */
    static IntFunction<@Nullable Integer> windows(ConfigReader json, ModelConfig c) {
        boolean sliding = json.flagOr("use_sliding_window", false);
        Integer window = json.has("sliding_window") && sliding ? (Integer) json.positive("sliding_window") : null;
        int first = json.has("max_window_layers") ? (int) json.number("max_window_layers") : 0;
        return Common.windows(json, c, window, layer -> layer >= first);
    }
}
