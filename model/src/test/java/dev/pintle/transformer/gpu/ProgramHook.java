package dev.pintle.transformer.gpu;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.Vec;
import dev.pintle.transformer.Hook;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.ModelConfig;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;

/** Runs a program as the kernel in rows.cu does, in FP32 on one row. */
public final class ProgramHook implements Hook {
    private final int[] starts;
    private final int[] words;
    private final List<Vec> vectors;
    private final float[][] reads;
    private final boolean[] met = new boolean[RowProgram.MOST_CONDITIONS];

    public ProgramHook(RowProgram program) {
        this.starts = program.starts();
        this.vectors = program.vectors();
        this.words = program.words(
                IntStream.range(0, vectors.size()).toArray(),
                IntStream.range(0, program.reads().size()).toArray());
        this.reads = new float[program.reads().size()][];
    }

    @Override
    public Set<HookPoint> points() {
        Set<HookPoint> points = new TreeSet<>(Set.of(HookPoint.residPre(0)));
        for (int layer = 0; layer < starts.length - 2; layer++) {
            points.add(HookPoint.residPost(layer));
        }
        return points;
    }

    @Override
    public Action bind(ModelConfig model, Device device, DType dtype) {
        return (point, activation, layout) -> {
            int place = point.equals(HookPoint.residPre(0)) ? 0 : point.layer() + 1;
            float[] h = activation.toFloats();
            run(place, layout.position(0, 0), h);
            return Tensor.of(h, activation.shape().toArray()).to(dtype);
        };
    }

    /** What was read in the last run. */
    public float[] read(int index) {
        return reads[index];
    }

    private void run(int place, int position, float[] h) {
        float[] deltas = new float[64];
        for (int i = starts[place]; i < starts[place + 1]; i++) {
            int kind = word(i, 0);
            float[] v = vectors.isEmpty() ? h : vectors.get(word(i, 1)).toArray();
            if (kind == 5) {
                i += met[word(i, 4)] ? 0 : word(i, 5);
            } else if (kind == 4) {
                met[word(i, 4)] = dot(h, v) >= number(i, 0);
            } else if (position >= word(i, 2) && position < word(i, 3)) {
                change(i, kind, h, v, deltas);
            }
        }
    }

    private void change(int i, int kind, float[] h, float[] v, float[] deltas) {
        switch (kind) {
            case 0 -> add(h, v, 1);
            case 1 -> add(h, v, -number(i, 0) * dot(h, v));
            case 2 -> {
                float p = dot(h, v);
                add(h, v, Math.min(Math.max(p, number(i, 0)), number(i, 1)) - p);
            }
            case 3 -> {
                float before = dot(h, h);
                add(h, v, 1);
                float by = (float) Math.sqrt(before / dot(h, h));
                for (int j = 0; j < h.length; j++) {
                    h[j] *= by;
                }
            }
            case 6 -> {
                float z = dot(h, v) + number(i, 0);
                float f = word(i, 5) == 0
                        ? (Math.max(z, 0) > number(i, 1) ? Math.max(z, 0) : 0)
                        : (z > 0 ? Math.max(z * number(i, 1) + number(i, 2), 0) : 0);
                float moved = f * number(i, 3) + number(i, 4);
                deltas[word(i, 4)] = Math.min(Math.max(moved, number(i, 5)), number(i, 6)) - f;
            }
            case 7 -> add(h, v, deltas[word(i, 4)]);
            case 9 -> reads[word(i, 4)] = h.clone();
            default -> {}
        }
    }

    private int word(int i, int at) {
        return words[i * RowProgram.WORDS + at];
    }

    private float number(int i, int at) {
        return Float.intBitsToFloat(word(i, 6 + at));
    }

    private static float dot(float[] a, float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += (double) a[i] * b[i];
        }
        return (float) sum;
    }

    private static void add(float[] h, float[] v, float by) {
        for (int i = 0; i < h.length; i++) {
            h[i] += by * v[i];
        }
    }
}
