package dev.pintle.steering;

import dev.pintle.base.Problem;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Tensor;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.Layout;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.Reading;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the activations of one row while it is generated. What it reads depends on its place among the row's hooks: what
 * those before it have changed, it reads changed. The last token that is generated is never run, so it has none.
 */
public final class Capture implements Reading {
    private final Set<HookPoint> points;
    private final Tokens tokens;
    private final Map<HookPoint, List<float[]>> kept = new LinkedHashMap<>();
    private final Map<HookPoint, List<Integer>> positions = new LinkedHashMap<>();
    private final Map<HookPoint, long[]> shapes = new LinkedHashMap<>(); // of one token

    /**
     * A capture, for one request.
     *
     * @param points the hook points to read
     * @param tokens the tokens to keep
     * @throws IllegalArgumentException for attention patterns, whose length grows with every token
     */
    public Capture(Set<HookPoint> points, Tokens tokens) {
        this.points = new TreeSet<>(points);
        this.tokens = tokens;
        for (HookPoint point : this.points) {
            if (point.site() == HookPoint.Site.ATTN_PATTERN) {
                throw Problem.of("Attention patterns cannot be captured while generating.")
                        .fact("hook point", point)
                        .fact("try", "capturing them on the finished text")
                        .toIllegalArgument();
            }
        }
    }

    /**
     * What was captured at a hook point, in FP32.
     *
     * @param positions `[n]`, absolute
     * @param values `[n, …]`, row by row
     * @param shape n, then the axes of one token's activation
     */
    public record Captured(int[] positions, float[] values, long[] shape) {
        /** Elements of one token's activation. */
        public int width() {
            return positions.length == 0 ? 0 : values.length / positions.length;
        }

        /** The activation of one of the positions. */
        public float[] row(int index) {
            return Arrays.copyOfRange(values, index * width(), (index + 1) * width());
        }
    }

    /** Elements that will be kept of a sequence, to refuse what is too much before it runs. */
    public long elements(ModelConfig model, int promptLength, int length) {
        long included = 0;
        for (int position = 0; position < length; position++) {
            included += tokens.include(position, promptLength) ? 1 : 0;
        }
        long width = 0;
        for (HookPoint point : points) {
            width += point.site().axes().stream()
                    .filter(axis -> !axis.equals("batch") && !axis.equals("tokens"))
                    .mapToLong(axis -> model.dims().getOrDefault(axis, 1))
                    .reduce(1, Math::multiplyExact);
        }
        return Math.multiplyExact(included, width);
    }

    @Override
    public Set<HookPoint> points() {
        return points;
    }

    @Override
    public boolean actsOn(int position, int promptLength) {
        return tokens.include(position, promptLength);
    }

    @Override
    public void read(HookPoint point, Tensor activation, Layout layout, int row) {
        List<Integer> chosen = new ArrayList<>();
        for (int t = 0; t < layout.tokens(); t++) {
            int position = layout.position(row, t);
            if (position != Layout.PADDING && tokens.include(position, layout.promptLength(row))) {
                chosen.add(t);
            }
        }
        if (chosen.isEmpty()) {
            return;
        }
        Tensor own = activation.select(0, row).to(DType.FP32); // [tokens, …]
        float[] values = own.toFloats();
        int width = values.length / layout.tokens();
        long[] shape = own.shape().toArray();
        shapes.putIfAbsent(point, Arrays.copyOfRange(shape, 1, shape.length));
        for (int t : chosen) {
            kept.computeIfAbsent(point, p -> new ArrayList<>())
                    .add(Arrays.copyOfRange(values, t * width, (t + 1) * width));
            positions.computeIfAbsent(point, p -> new ArrayList<>()).add(layout.position(row, t));
        }
    }

    /** The activation of one position; null if it was not captured. */
    public float @Nullable [] row(HookPoint point, int position) {
        int index = positions.getOrDefault(point, List.of()).indexOf(position);
        return index < 0 ? null : kept.getOrDefault(point, List.of()).get(index);
    }

    /** What was captured, by hook point, once the row has ended. */
    public Map<HookPoint, Captured> captured() {
        Map<HookPoint, Captured> all = new LinkedHashMap<>();
        for (HookPoint point : points) {
            all.put(point, at(point));
        }
        return all;
    }

    /** What was captured at one of the hook points, once the row has ended. */
    public Captured at(HookPoint point) {
        List<float[]> rows = kept.getOrDefault(point, List.of());
        int width = rows.isEmpty() ? 0 : rows.get(0).length;
        float[] values = new float[Math.multiplyExact(rows.size(), width)];
        for (int i = 0; i < rows.size(); i++) {
            System.arraycopy(rows.get(i), 0, values, i * width, width);
        }
        long[] inner = shapes.getOrDefault(point, new long[0]);
        long[] shape = new long[inner.length + 1];
        shape[0] = rows.size();
        System.arraycopy(inner, 0, shape, 1, inner.length);
        return new Captured(
                positions.getOrDefault(point, List.of()).stream()
                        .mapToInt(position -> position)
                        .toArray(),
                values,
                shape);
    }
}
