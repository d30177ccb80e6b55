package dev.pintle.transformer.cpu;

import dev.pintle.transformer.Norm;
import dev.pintle.transformer.RmsNorm;
import org.jspecify.annotations.Nullable;

/** An RMS norm `[width]`. */
record HeapNorm(float[] weight, double eps) {
    static HeapNorm of(RmsNorm norm) {
        return new HeapNorm(norm.weight().toFloats(), norm.eps());
    }

    static @Nullable HeapNorm orNull(@Nullable Norm norm) {
        return norm == null ? null : of((RmsNorm) norm);
    }

    /** Normalises the vector at {@code from} of {@code x} to {@code at} of {@code to}, which may be the same array. */
    void apply(float[] x, int from, float[] to, int at) {
        double squares = 0;
        for (int i = 0; i < weight.length; i++) {
            squares += (double) x[from + i] * x[from + i];
        }
        float scale = (float) (1 / Math.sqrt(squares / weight.length + eps));
        for (int i = 0; i < weight.length; i++) {
            to[at + i] = x[from + i] * scale * weight[i];
        }
    }
}
