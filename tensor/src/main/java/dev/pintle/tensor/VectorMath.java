package dev.pintle.tensor;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** The loops of {@link FloatMath} with the vector instructions of the CPU, to the same bits. */
final class VectorMath {
    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final int SHIFTED_ZERO = Float.floatToRawIntBits(FloatMath.ROUNDING);
    private static final int LANES = SPECIES.length();
    private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Short> SHORTS =
            VectorSpecies.of(short.class, VectorShape.forBitSize(LANES * Short.SIZE));

    private VectorMath() {}

    /** Writes e to the power of {@code x[i] − minus} to {@code to[i]}; returns where it stopped. */
    static int exp(float[] x, float minus, float[] to, int from, int end) {
        int i = from;
        for (; i + LANES <= end; i += LANES) {
            exp(FloatVector.fromArray(SPECIES, x, i).sub(minus)).intoArray(to, i);
        }
        return i;
    }

    /** Writes the logistic function of {@code x[i]} to {@code to[i]}; returns where it stopped. */
    static int sigmoid(float[] x, float[] to, int from, int end) {
        FloatVector one = FloatVector.broadcast(SPECIES, 1);
        int i = from;
        for (; i + LANES <= end; i += LANES) {
            FloatVector e = exp(FloatVector.fromArray(SPECIES, x, i).neg());
            one.div(e.add(1)).intoArray(to, i);
        }
        return i;
    }

    private static FloatVector exp(FloatVector x) {
        FloatVector shifted = x.fma(
                FloatVector.broadcast(SPECIES, FloatMath.LOG2_E), FloatVector.broadcast(SPECIES, FloatMath.ROUNDING));
        FloatVector n = shifted.sub(FloatMath.ROUNDING);
        FloatVector r = n.fma(
                FloatVector.broadcast(SPECIES, -FloatMath.LN2_LOW),
                n.fma(FloatVector.broadcast(SPECIES, -FloatMath.LN2_HIGH), x));
        FloatVector p = FloatVector.broadcast(SPECIES, FloatMath.C5);
        p = p.fma(r, FloatVector.broadcast(SPECIES, FloatMath.C4));
        p = p.fma(r, FloatVector.broadcast(SPECIES, FloatMath.C3));
        p = p.fma(r, FloatVector.broadcast(SPECIES, FloatMath.C2));
        p = p.fma(r, FloatVector.broadcast(SPECIES, FloatMath.C1));
        p = p.fma(r, FloatVector.broadcast(SPECIES, FloatMath.C0));
        p = p.fma(r.mul(r), r).add(1);
        IntVector whole = shifted.reinterpretAsInts().sub(SHIFTED_ZERO); // JDK 17 converts element by element
        IntVector half = whole.lanewise(VectorOperators.ASHR, 1);
        FloatVector result = p.mul(power(half)).mul(power(whole.sub(half)));
        VectorMask<Float> high = x.compare(VectorOperators.GT, FloatMath.OVERFLOW);
        VectorMask<Float> low = x.compare(VectorOperators.LE, FloatMath.UNDERFLOW);
        VectorMask<Float> none = x.test(VectorOperators.IS_NAN);
        return result.blend(Float.POSITIVE_INFINITY, high).blend(0, low).blend(x, none);
    }

    private static FloatVector power(IntVector n) {
        return n.add(FloatMath.EXPONENT_BIAS)
                .lanewise(VectorOperators.LSHL, FloatMath.MANTISSA_BITS)
                .reinterpretAsFloats();
    }

    /** Rounds elements to BF16; returns where it stopped. */
    static int roundToBf16(float[] x, int from, int end) {
        int i = from;
        for (; i + LANES <= end; i += LANES) {
            FloatVector exact = FloatVector.fromArray(SPECIES, x, i);
            IntVector bits = exact.reinterpretAsInts();
            IntVector even = bits.lanewise(VectorOperators.LSHR, FloatMath.BF16_DROPPED_BITS)
                    .and(1);
            bits.add(FloatMath.HALF_OF_DROPPED)
                    .add(even)
                    .and(FloatMath.KEPT_BITS)
                    .reinterpretAsFloats()
                    .blend(exact, exact.test(VectorOperators.IS_NAN))
                    .intoArray(x, i);
        }
        return i;
    }

    /** Writes the bits of the nearest BF16 numbers; returns how many. */
    static int toBf16Bits(float[] x, short[] to) {
        int i = 0;
        for (; i + LANES <= x.length; i += LANES) {
            FloatVector exact = FloatVector.fromArray(SPECIES, x, i);
            IntVector bits = exact.reinterpretAsInts();
            IntVector even = bits.lanewise(VectorOperators.LSHR, FloatMath.BF16_DROPPED_BITS)
                    .and(1);
            ((ShortVector) bits.add(FloatMath.HALF_OF_DROPPED)
                            .add(even)
                            .blend(bits, exact.test(VectorOperators.IS_NAN).cast(INTS))
                            .lanewise(VectorOperators.LSHR, FloatMath.BF16_DROPPED_BITS)
                            .convertShape(VectorOperators.I2S, SHORTS, 0))
                    .intoArray(to, i);
        }
        return i;
    }

    /**
     * Writes the sum of some rows, each times a number, to {@code to}; returns how many of its elements it computed.
     *
     * @param by the number of each row
     */
    static int mix(float[] by, int first, int end, float[][] rows, float[] to, int at, int width) {
        int d = 0;
        for (; d + 4 * LANES <= width; d += 4 * LANES) {
            FloatVector a = FloatVector.zero(SPECIES);
            FloatVector b = a;
            FloatVector c = a;
            FloatVector e = a;
            for (int row = first; row < end; row++) {
                FloatVector x = FloatVector.broadcast(SPECIES, by[row]);
                a = FloatVector.fromArray(SPECIES, rows[row], d).fma(x, a);
                b = FloatVector.fromArray(SPECIES, rows[row], d + LANES).fma(x, b);
                c = FloatVector.fromArray(SPECIES, rows[row], d + 2 * LANES).fma(x, c);
                e = FloatVector.fromArray(SPECIES, rows[row], d + 3 * LANES).fma(x, e);
            }
            a.intoArray(to, at + d);
            b.intoArray(to, at + d + LANES);
            c.intoArray(to, at + d + 2 * LANES);
            e.intoArray(to, at + d + 3 * LANES);
        }
        for (; d + LANES <= width; d += LANES) {
            FloatVector a = FloatVector.zero(SPECIES);
            for (int row = first; row < end; row++) {
                a = FloatVector.fromArray(SPECIES, rows[row], d).fma(FloatVector.broadcast(SPECIES, by[row]), a);
            }
            a.intoArray(to, at + d);
        }
        return d;
    }
}
