package dev.pintle.server.openai;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.Json;
import dev.pintle.steering.Tokens;
import dev.pintle.tensor.Vec;
import dev.pintle.transformer.HookPoint;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/** The mean activation at each hook point, added up in FP64. */
final class Means extends Folding {
    private final Map<HookPoint, Sum> sums = new HashMap<>();

    /**
     * A sum of activations.
     *
     * @param shape of one
     */
    private record Sum(double[] values, long[] shape) {}

    Means(Set<HookPoint> points, Tokens tokens) {
        super(points, tokens);
    }

    @Override
    void fold(HookPoint point, int position, float[] activation, long[] shape) {
        double[] sum = sums.computeIfAbsent(point, p -> new Sum(new double[activation.length], shape)).values;
        for (int i = 0; i < sum.length; i++) {
            sum[i] += activation[i];
        }
    }

    @Override
    public Numbers numbers(HookPoint point) {
        int tokens = positions(point).length;
        Sum sum = sums.getOrDefault(point, new Sum(new double[0], new long[] {0})); // no token: nothing to tell
        float[] mean = Vec.of(
                        Arrays.stream(sum.values).map(value -> value / tokens).toArray())
                .toArray();
        ObjectNode reduced = Json.object().put("mean", true).put("tokens", tokens);
        return new Numbers(sum.shape, mean, null, reduced);
    }
}
