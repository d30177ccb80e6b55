package dev.pintle.tensor;

/** Numbers that the codes of quantised weights stand for, before they are scaled. */
final class CodeTables {
    /**
     * NF4 (arXiv:2305.14314): quantiles of the normal distribution, as bitsandbytes has them. Checkpoints of bitsandbytes
     * contain the same FP32 numbers.
     */
    static final float[] NF4 = {
        -1.0f,
        -0.6961928009986877f,
        -0.5250730514526367f,
        -0.39491748809814453f,
        -0.28444138169288635f,
        -0.18477343022823334f,
        -0.09105003625154495f,
        0.0f,
        0.07958029955625534f,
        0.16093020141124725f,
        0.24611230194568634f,
        0.33791524171829224f,
        0.44070982933044434f,
        0.5626170039176941f,
        0.7229568362236023f,
        1.0f
    };

    /** FP4 of bitsandbytes: a sign, 2 bits of exponent and one of mantissa, divided by the largest number, 12. */
    static final float[] FP4 = {
        0.0f,
        0.0625f / 12,
        8f / 12,
        12f / 12,
        4f / 12,
        6f / 12,
        2f / 12,
        3f / 12,
        0.0f,
        -0.0625f / 12,
        -8f / 12,
        -12f / 12,
        -4f / 12,
        -6f / 12,
        -2f / 12,
        -3f / 12
    };

    /** E4M3 without infinities (arXiv:2209.05433): by the byte that is a number's. */
    static final float[] E4M3 = new float[256];

    static {
        for (int bits = 0; bits < 128; bits++) {
            int exponent = bits >> 3;
            int fraction = bits & 7;
            float size = bits == 127
                    ? Float.NaN
                    : exponent == 0
                            ? Math.scalb((float) fraction, -9)
                            : Math.scalb((float) (8 + fraction), exponent - 10);
            E4M3[bits] = size;
            E4M3[bits + 128] = -size;
        }
    }

    private CodeTables() {}
}
