package dev.pintle.family;

import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.Transformer;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * OLMo 3 (arXiv:2512.13961): OLMo 2's block, with a sliding window in three of four layers; a scaling of rotary positions
 * applies to the others.
 */
public final class Olmo3 implements Architecture {
    private static final int PATTERN = 4;

    @Override
    public String modelType() {
        return "olmo3";
    }

    @Override
    public ModelConfig config(ConfigReader json) {
        json.requireString("hidden_act", "silu");
        return Common.sizes(json, false);
    }

    @Override
    public Transformer build(ConfigReader json, ModelConfig c, Weights weights) {
        boolean bias = json.flagOr("attention_bias", false);
        double theta = json.numberOr("rope_theta", 500_000);
        RopeReader.ByWindow ropes = RopeReader.byWindow(json, c.dHead(), theta, theta);
        IntFunction<@Nullable Integer> windows =
                Common.windows(json, c, json.positiveOr("sliding_window", 4096), layer -> (layer + 1) % PATTERN != 0);
        return Common.assemble(
                weights,
                c,
                layer -> Olmo2.postNormBlock(
                        weights,
                        c,
                        layer,
                        Common.attention(weights, c, layer, bias, bias)
                                .with(
                                        layer,
                                        c,
                                        Olmo2.normsOfAllHeads(weights, c, layer),
                                        ropes.of(windows.apply(layer)),
                                        windows.apply(layer))),
                Common.finalNorm(weights, c));
    }
}
