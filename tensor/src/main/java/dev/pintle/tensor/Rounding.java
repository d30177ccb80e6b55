package dev.pintle.tensor;

import dev.pintle.base.Problem;

/*
 * Scales and offsets are rounded to FP16 first, and integers chosen for the rounded ones, so that the error of a weight is at
 * most half a step.
 */
/** Rounds numbers to blocks of a {@link BlockFormat}. */
final class Rounding {
    private static final int GROUP = 32;
    private static final float LARGEST_HALF = 65504;

    private Rounding() {}

    /**
     * Rounds rows.
     *
     * @param values `[rows, in]` with rows of a multiple of 32 elements
     * @param format Q8_0: the scale is the largest absolute value / 127; or Q4_1: the offset is the smallest value, the scale
     *     the range / 15
     */
    static byte[] toBlocks(float[] values, BlockFormat format) {
        byte[] blocks = new byte[Math.toIntExact(format.rowBytes(values.length))];
        for (int b = 0; b < values.length / GROUP; b++) {
            switch (format) {
                case Q8_0 -> int8(values, b * GROUP, blocks, b * format.bytes());
                case Q4_1 -> int4(values, b * GROUP, blocks, b * format.bytes());
                default ->
                    throw Problem.of("Numbers cannot be rounded to this format.")
                            .fact("expected", "Q8_0 or Q4_1")
                            .fact("but was", format)
                            .toIllegalArgument();
            }
        }
        return blocks;
    }

    private static void int8(float[] values, int from, byte[] to, int at) {
        float largest = 0;
        for (int i = from; i < from + GROUP; i++) {
            largest = Math.max(largest, Math.abs(values[i]));
        }
        float scale = putHalf(largest / 127, to, at);
        for (int i = 0; i < GROUP; i++) {
            to[at + 2 + i] = (byte) nearest(values[from + i], scale, -127, 127);
        }
    }

    private static void int4(float[] values, int from, byte[] to, int at) {
        float least = values[from];
        float most = values[from];
        for (int i = from; i < from + GROUP; i++) {
            least = Math.min(least, values[i]);
            most = Math.max(most, values[i]);
        }
        float offset = putHalf(least, to, at + 2);
        float scale = putHalf((most - offset) / 15, to, at);
        for (int i = 0; i < GROUP / 2; i++) {
            int low = nearest(values[from + i] - offset, scale, 0, 15);
            int high = nearest(values[from + GROUP / 2 + i] - offset, scale, 0, 15);
            to[at + 4 + i] = (byte) (low | high << 4);
        }
    }

    private static int nearest(float value, float scale, int least, int most) {
        return scale == 0 ? 0 : (int) Math.max(least, Math.min(most, Math.rint(value / scale)));
    }

    /** Writes a number as FP16, rounded to nearest even; returns it as rounded. */
    private static float putHalf(float value, byte[] to, int at) {
        float size = Math.min(Math.abs(value), LARGEST_HALF);
        int exponent = Math.max(-14, Math.getExponent(size));
        float step = Math.scalb(1f, exponent - 10);
        float rounded = (float) Math.rint(size / step) * step;
        int carried = Math.max(-14, Math.getExponent(rounded));
        int fraction = (int) (rounded / Math.scalb(1f, carried - 10));
        int bits = fraction < 1024 ? fraction : (carried + 15) << 10 | (fraction - 1024);
        int all = bits | (value < 0 ? 0x8000 : 0);
        to[at] = (byte) all;
        to[at + 1] = (byte) (all >> 8);
        return value < 0 ? -rounded : rounded;
    }
}
