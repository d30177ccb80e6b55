package dev.pintle.tensor;

import dev.pintle.tensor.BlockFormat.Unpacked;
import java.util.Arrays;

/** {@link BlockDots} without vector instructions. */
final class PlainBlockDots implements BlockDots {
    private static final int LANES = 8;

    @Override
    public void multiply(Unpacked w, int group, float[] x, int first, int count, int in, float[] to) {
        float[] sums = new float[LANES];
        for (int row = 0; row < count; row++) {
            Arrays.fill(sums, 0);
            int at = (first + row) * in;
            for (int start = 0; start < in; start += group) {
                float scale = w.scales()[start / group];
                for (int lane = 0; lane < LANES; lane++) {
                    float sum = w.integers()[start + lane] * x[at + start + lane];
                    for (int i = start + lane + LANES; i < start + group; i += LANES) {
                        sum = Math.fma(w.integers()[i], x[at + i], sum);
                    }
                    sums[lane] = Math.fma(sum, scale, sums[lane]);
                }
            }
            float sum = 0;
            for (float lane : sums) {
                sum += lane;
            }
            to[row] = sum;
        }
    }
}
