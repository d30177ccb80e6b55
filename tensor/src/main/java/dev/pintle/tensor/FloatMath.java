package dev.pintle.tensor;

/** Functions of FP32 numbers that are computed thousands of times per token. */
public final class FloatMath {
    static final float LOG2_E = 1.442695f;
    static final float LN2_HIGH = 0.693359375f; // has few bits, so that its multiples are exact
    static final float LN2_LOW = -2.1219444e-4f;
    static final float UNDERFLOW = -87.3f;
    static final float OVERFLOW = 88.7f;
    static final float ROUNDING = 12582912f; // 1.5 · 2²³: adding it rounds to an integer
    static final int EXPONENT_BIAS = 127;
    static final int MANTISSA_BITS = 23;
    static final float C0 = 0.5f; // the polynomial's coefficients, of the Cephes library
    static final float C1 = 0.16666666f;
    static final float C2 = 0.041665796f;
    static final float C3 = 0.008333452f;
    static final float C4 = 0.0013982f;
    static final float C5 = 1.9875691E-4f;

    private static final int ROWS_AT_ONCE = 4;
    static final int BF16_DROPPED_BITS = 16;
    static final int HALF_OF_DROPPED = 0x7fff;
    static final int KEPT_BITS = 0xffff0000;

    private FloatMath() {}

    /**
     * e to the power of x, within two units in the last place, in a quarter of the time of {@link Math#exp}: 2ⁿ times a
     * polynomial on the remainder. Below −87.3 it is 0.
     */
    public static float exp(float x) {
        if (!(x > UNDERFLOW)) {
            return Float.isNaN(x) ? x : 0;
        }
        if (x > OVERFLOW) {
            return Float.POSITIVE_INFINITY;
        }
        float n = Math.fma(x, LOG2_E, ROUNDING) - ROUNDING;
        float r = Math.fma(n, -LN2_LOW, Math.fma(n, -LN2_HIGH, x));
        float p = C5;
        p = Math.fma(p, r, C4);
        p = Math.fma(p, r, C3);
        p = Math.fma(p, r, C2);
        p = Math.fma(p, r, C1);
        p = Math.fma(p, r, C0);
        p = Math.fma(p, r * r, r) + 1;
        int half = (int) n >> 1; // in two factors, since 2¹²⁸ is not a float
        return p * power(half) * power((int) n - half);
    }

    private static float power(int n) {
        return Float.intBitsToFloat((n + EXPONENT_BIAS) << MANTISSA_BITS);
    }

    /**
     * Adds four arrays, each times one number, to as many sums as there are, one after the other. The JIT compiler turns
     * the loop into vector instructions, since the arrays are separate and read from index 0 on.
     *
     * @param by contains the four numbers from {@code at} on
     */
    public static void addFour(float[] a, float[] b, float[] c, float[] d, float[] by, int at, float[] sums) {
        float x0 = by[at];
        float x1 = by[at + 1];
        float x2 = by[at + 2];
        float x3 = by[at + 3];
        for (int j = 0; j < sums.length; j++) {
            sums[j] = Math.fma(x3, d[j], Math.fma(x2, c[j], Math.fma(x1, b[j], Math.fma(x0, a[j], sums[j]))));
        }
    }

    /** Adds an array times a number to as many sums as there are. */
    public static void addOne(float[] a, float by, float[] sums) {
        for (int j = 0; j < sums.length; j++) {
            sums[j] = Math.fma(by, a[j], sums[j]);
        }
    }

    /** Replaces each element from {@code from} to {@code end} − 1 by e to the power of it minus a number. */
    public static void exp(float[] x, float minus, int from, int end) {
        int i = Chains.VECTORS ? VectorMath.exp(x, minus, x, from, end) : from;
        for (; i < end; i++) {
            x[i] = exp(x[i] - minus);
        }
    }

    /** Writes the logistic function of each element from {@code from} to {@code end} − 1 to the same place of {@code to}. */
    public static void sigmoid(float[] x, float[] to, int from, int end) {
        int i = Chains.VECTORS ? VectorMath.sigmoid(x, to, from, end) : from;
        for (; i < end; i++) {
            to[i] = sigmoid(x[i]);
        }
    }

    /**
     * Writes the sum of the rows {@code first} to {@code end} − 1, each times its number, to {@code to} from {@code at} on.
     * Each element is one chain of fused multiply-adds in the order of the rows.
     *
     * @param by the number of each row
     * @param rows each `[width]`
     */
    public static void mix(float[] by, int first, int end, float[][] rows, float[] to, int at, int width) {
        int done = Chains.VECTORS ? VectorMath.mix(by, first, end, rows, to, at, width) : 0;
        if (done == width) {
            return;
        }
        float[] sums = new float[width];
        int row = first;
        for (; row + ROWS_AT_ONCE <= end; row += ROWS_AT_ONCE) {
            addFour(rows[row], rows[row + 1], rows[row + 2], rows[row + 3], by, row, sums);
        }
        for (; row < end; row++) {
            addOne(rows[row], by[row], sums);
        }
        System.arraycopy(sums, done, to, at + done, width - done);
    }

    /** The logistic function 1 / (1 + e⁻ˣ). */
    public static float sigmoid(float x) {
        return 1 / (1 + exp(-x));
    }

    /** Replaces each element from {@code from} to {@code end} − 1 by the nearest BF16 number. */
    public static void roundToBf16(float[] x, int from, int end) {
        int i = Chains.VECTORS ? VectorMath.roundToBf16(x, from, end) : from;
        for (; i < end; i++) {
            x[i] = toBf16(x[i]);
        }
    }

    /**
     * Writes the bits of the nearest BF16 numbers.
     *
     * @param to as long as {@code x}
     */
    static void toBf16Bits(float[] x, short[] to) {
        int i = Chains.VECTORS ? VectorMath.toBf16Bits(x, to) : 0;
        for (; i < x.length; i++) {
            to[i] = (short) (Float.floatToRawIntBits(toBf16(x[i])) >>> BF16_DROPPED_BITS);
        }
    }

    /** The nearest BF16 number, as {@link Tensor#to(DType)} rounds. */
    static float toBf16(float x) {
        if (Float.isNaN(x)) {
            return x;
        }
        int bits = Float.floatToRawIntBits(x);
        int even = (bits >>> BF16_DROPPED_BITS) & 1;
        return Float.intBitsToFloat((bits + HALF_OF_DROPPED + even) & KEPT_BITS);
    }
}
