package dev.pintle.tensor;

import dev.pintle.tensor.BlockFormat.Unpacked;
import java.util.Arrays;

/** {@link BlockDots} without vector instructions. */
final class PlainBlockDots implements BlockDots {
    private static final int LANES = 8;
    private static final int GROUP = 32; // of values that are added up before they join a lane's sum

    @Override
    public void multiply(Unpacked w, int group, float[] x, int first, int count, int in, float[] to) {
        float[] sums = new float[LANES];
        for (int row = 0; row < count; row++) {
            Arrays.fill(sums, 0);
            int at = (first + row) * in;
            for (int g = 0; g < in / group; g++) {
                float scale = w.scales()[g];
                int from = w.start() + g * w.stride();
                int with = at + g * group;
                for (int lane = 0; lane < LANES; lane++) {
                    float sum = w.integers()[from + lane] * x[with + lane];
                    for (int i = lane + LANES; i < group; i += LANES) {
                        sum = Math.fma(w.integers()[from + i], x[with + i], sum);
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

    @Override
    public void multiply(float[] values, float[] x, int first, int count, float[] to) {
        float[] sums = new float[LANES];
        for (int row = 0; row < count; row++) {
            Arrays.fill(sums, 0);
            int at = (first + row) * values.length;
            for (int g = 0; g < values.length; g += GROUP) {
                for (int lane = 0; lane < LANES; lane++) {
                    float sum = values[g + lane] * x[at + g + lane];
                    for (int i = g + lane + LANES; i < g + GROUP; i += LANES) {
                        sum = Math.fma(values[i], x[at + i], sum);
                    }
                    sums[lane] += sum;
                }
            }
            float sum = 0;
            for (float lane : sums) {
                sum += lane;
            }
            to[row] = sum;
        }
    }

    @Override
    public void decode(Unpacked w, int group, boolean offsets, float[] to, int at, int elements) {
        for (int g = 0; g < elements / group; g++) {
            float scale = w.scales()[g];
            float offset = w.offsets()[g];
            int from = w.start() + g * w.stride();
            for (int i = 0; i < group; i++) {
                float product = scale * w.integers()[from + i];
                to[at + g * group + i] = offsets ? product + offset : product;
            }
        }
    }
}
