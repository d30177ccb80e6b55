package dev.pintle.family;

import dev.pintle.base.Problem;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.Workers;
import java.util.Arrays;

/**
 * Weights in MXFP4 (OCP Microscaling Formats 1.0): 32 numbers of 4 bits share a power of two. Of each byte, the low half is
 * the first number. Every number is exact in BF16 and FP32.
 */
final class Mxfp4 {
    private static final int BLOCK = 32;
    private static final int BYTES = BLOCK / 2;
    private static final int BIAS = 127; // of the exponent
    private static final int NOT_A_NUMBER = 255;
    private static final float[] POSITIVE = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6}; // 1 sign bit, 2 of exponent, 1 of mantissa
    private static final double WORK = 4; // per number, in FLOPs

    private Mxfp4() {}

    /**
     * One matrix of several that are stored together.
     *
     * @param blocks UINT8 `[matrices, rows, columns / 32, 16]`
     * @param scales UINT8 `[matrices, rows, columns / 32]`
     * @return FP32 `[rows, columns]`, in the current scope
     */
    static Tensor matrix(Tensor blocks, Tensor scales, int matrix) {
        int rows = (int) blocks.size(1);
        int perRow = (int) blocks.size(2);
        byte[] halves = blocks.select(0, matrix).toBytes();
        byte[] exponents = scales.select(0, matrix).toBytes();
        float[] values = new float[Math.multiplyExact(rows, perRow * BLOCK)];
        Workers.share(rows, WORK * values.length, row -> {
            for (int block = row * perRow; block < (row + 1) * perRow; block++) {
                int stored = exponents[block] & 0xff;
                for (int i = 0; i < BYTES; i++) {
                    int both = halves[block * BYTES + i];
                    values[block * BLOCK + 2 * i] = number(both & 0xf, stored);
                    values[block * BLOCK + 2 * i + 1] = number(both >> 4 & 0xf, stored);
                }
            }
        });
        return Tensor.of(values, rows, (long) perRow * BLOCK);
    }

    private static float number(int bits, int exponent) {
        float positive = exponent == NOT_A_NUMBER ? Float.NaN : Math.scalb(POSITIVE[bits & 7], exponent - BIAS);
        return (bits & 8) == 0 ? positive : -positive;
    }

    /** @throws dev.pintle.base.PintleException if blocks or scales have another shape or dtype */
    static void require(String name, Tensor blocks, Tensor scales, int matrices, int rows, int columns) {
        long[] expected = {matrices, rows, columns / BLOCK, BYTES};
        boolean fits = columns % BLOCK == 0
                && blocks.dtype() == DType.UINT8
                && scales.dtype() == DType.UINT8
                && Arrays.equals(blocks.shape().toArray(), expected)
                && Arrays.equals(scales.shape().toArray(), Arrays.copyOf(expected, 3));
        if (!fits) {
            throw Problem.of(
                            "The weights of the experts do not have the shape that MXFP4 and the configuration give them.")
                    .fact("weight", name)
                    .fact(
                            "expected",
                            "uint8 " + Arrays.toString(expected) + " and its scales, for " + matrices + " matrices ["
                                    + rows + ", " + columns + "] in blocks of " + BLOCK)
                    .fact("but was", blocks.describe() + " and " + scales.describe())
                    .toException();
        }
    }
}
