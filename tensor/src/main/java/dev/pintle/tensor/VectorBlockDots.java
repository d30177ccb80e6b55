package dev.pintle.tensor;

import dev.pintle.tensor.BlockFormat.Unpacked;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/*
 * Groups of 16 and of 32 have a loop each, unrolled by hand for vectors of 8 and of 16 numbers: left to the JIT compiler, inner
 * loops are sometimes not, and vectors then go through memory.
 */
/** {@link BlockDots} with the vector instructions of the CPU. */
final class VectorBlockDots implements BlockDots {
    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final int LANES = SPECIES.length();
    private static final VectorSpecies<Byte> BYTES =
            VectorSpecies.of(byte.class, VectorShape.forBitSize(LANES * Byte.SIZE));

    @Override
    public void multiply(Unpacked w, int group, float[] x, int first, int count, int in, float[] to) {
        if (count == 1) {
            FloatVector sums = group == 16 ? one16(w, x, first * in, in) : one32(w, x, first * in, in);
            to[0] = sum(sums, new float[LANES]);
        } else if (group == 16) {
            four16(w, x, first * in, in, to);
        } else {
            four32(w, x, first * in, in, to);
        }
    }

    @Override
    public void multiply(float[] values, float[] x, int first, int count, float[] to) {
        if (count == 1) {
            to[0] = sum(one(values, x, first * values.length), new float[LANES]);
        } else {
            four(values, x, first * values.length, to);
        }
    }

    @Override
    public void decode(Unpacked w, int group, boolean offsets, float[] to, int at, int elements) {
        if (offsets) {
            scaleAndShift(w, group, to, at, elements);
        } else {
            scale(w, group, to, at, elements);
        }
    }

    private static void scale(Unpacked row, int group, float[] to, int at, int elements) {
        byte[] q = row.integers();
        for (int i = 0, g = 0, k = row.start(); i < elements; i += group, g++, k += row.stride()) {
            FloatVector scale = FloatVector.broadcast(SPECIES, row.scales()[g]);
            for (int j = 0; j < group; j += LANES) {
                integers(q, k + j).mul(scale).intoArray(to, at + i + j);
            }
        }
    }

    private static void scaleAndShift(Unpacked row, int group, float[] to, int at, int elements) {
        byte[] q = row.integers();
        for (int i = 0, g = 0, k = row.start(); i < elements; i += group, g++, k += row.stride()) {
            FloatVector scale = FloatVector.broadcast(SPECIES, row.scales()[g]);
            FloatVector offset = FloatVector.broadcast(SPECIES, row.offsets()[g]);
            for (int j = 0; j < group; j += LANES) {
                integers(q, k + j).mul(scale).add(offset).intoArray(to, at + i + j);
            }
        }
    }

    private static FloatVector one(float[] values, float[] x, int at) {
        FloatVector sums = FloatVector.zero(SPECIES);
        for (int i = 0; i < values.length; i += 32) {
            FloatVector a = floats(values, i).mul(floats(x, at + i));
            a = floats(values, i + LANES).fma(floats(x, at + i + LANES), a);
            if (LANES == 8) {
                a = floats(values, i + 16).fma(floats(x, at + i + 16), a);
                a = floats(values, i + 24).fma(floats(x, at + i + 24), a);
            }
            sums = sums.add(a);
        }
        return sums;
    }

    private static void four(float[] values, float[] x, int at, float[] to) {
        int in = values.length;
        FloatVector s0 = FloatVector.zero(SPECIES);
        FloatVector s1 = s0;
        FloatVector s2 = s0;
        FloatVector s3 = s0;
        for (int i = 0; i < in; i += 32) {
            int from = at + i;
            FloatVector w = floats(values, i);
            FloatVector a0 = w.mul(floats(x, from));
            FloatVector a1 = w.mul(floats(x, from + in));
            FloatVector a2 = w.mul(floats(x, from + 2 * in));
            FloatVector a3 = w.mul(floats(x, from + 3 * in));
            w = floats(values, i + LANES);
            a0 = w.fma(floats(x, from + LANES), a0);
            a1 = w.fma(floats(x, from + in + LANES), a1);
            a2 = w.fma(floats(x, from + 2 * in + LANES), a2);
            a3 = w.fma(floats(x, from + 3 * in + LANES), a3);
            if (LANES == 8) {
                w = floats(values, i + 16);
                a0 = w.fma(floats(x, from + 16), a0);
                a1 = w.fma(floats(x, from + in + 16), a1);
                a2 = w.fma(floats(x, from + 2 * in + 16), a2);
                a3 = w.fma(floats(x, from + 3 * in + 16), a3);
                w = floats(values, i + 24);
                a0 = w.fma(floats(x, from + 24), a0);
                a1 = w.fma(floats(x, from + in + 24), a1);
                a2 = w.fma(floats(x, from + 2 * in + 24), a2);
                a3 = w.fma(floats(x, from + 3 * in + 24), a3);
            }
            s0 = s0.add(a0);
            s1 = s1.add(a1);
            s2 = s2.add(a2);
            s3 = s3.add(a3);
        }
        sum(s0, s1, s2, s3, to);
    }

    private static FloatVector floats(float[] values, int at) {
        return FloatVector.fromArray(SPECIES, values, at);
    }

    private static FloatVector integers(byte[] q, int at) {
        return (FloatVector) ByteVector.fromArray(BYTES, q, at).convertShape(VectorOperators.B2F, SPECIES, 0);
    }

    private static FloatVector one32(Unpacked row, float[] x, int at, int in) {
        byte[] q = row.integers();
        float[] scales = row.scales();
        int stride = row.stride();
        FloatVector sums = FloatVector.zero(SPECIES);
        for (int i = 0, g = 0, k = row.start(); i < in; i += 32, g++, k += stride) {
            FloatVector a = integers(q, k).mul(FloatVector.fromArray(SPECIES, x, at + i));
            a = integers(q, k + LANES).fma(FloatVector.fromArray(SPECIES, x, at + i + LANES), a);
            if (LANES == 8) {
                a = integers(q, k + 16).fma(FloatVector.fromArray(SPECIES, x, at + i + 16), a);
                a = integers(q, k + 24).fma(FloatVector.fromArray(SPECIES, x, at + i + 24), a);
            }
            sums = a.fma(FloatVector.broadcast(SPECIES, scales[g]), sums);
        }
        return sums;
    }

    private static FloatVector one16(Unpacked row, float[] x, int at, int in) {
        byte[] q = row.integers();
        float[] scales = row.scales();
        int stride = row.stride();
        FloatVector sums = FloatVector.zero(SPECIES);
        for (int i = 0, g = 0, k = row.start(); i < in; i += 16, g++, k += stride) {
            FloatVector a = integers(q, k).mul(FloatVector.fromArray(SPECIES, x, at + i));
            if (LANES == 8) {
                a = integers(q, k + 8).fma(FloatVector.fromArray(SPECIES, x, at + i + 8), a);
            }
            sums = a.fma(FloatVector.broadcast(SPECIES, scales[g]), sums);
        }
        return sums;
    }

    private static void four32(Unpacked row, float[] x, int at, int in, float[] to) {
        byte[] q = row.integers();
        float[] scales = row.scales();
        int stride = row.stride();
        FloatVector s0 = FloatVector.zero(SPECIES);
        FloatVector s1 = s0;
        FloatVector s2 = s0;
        FloatVector s3 = s0;
        for (int i = 0, g = 0, k = row.start(); i < in; i += 32, g++, k += stride) {
            FloatVector w = integers(q, k);
            int from = at + i;
            FloatVector a0 = w.mul(FloatVector.fromArray(SPECIES, x, from));
            FloatVector a1 = w.mul(FloatVector.fromArray(SPECIES, x, from + in));
            FloatVector a2 = w.mul(FloatVector.fromArray(SPECIES, x, from + 2 * in));
            FloatVector a3 = w.mul(FloatVector.fromArray(SPECIES, x, from + 3 * in));
            w = integers(q, k + LANES);
            a0 = w.fma(FloatVector.fromArray(SPECIES, x, from + LANES), a0);
            a1 = w.fma(FloatVector.fromArray(SPECIES, x, from + in + LANES), a1);
            a2 = w.fma(FloatVector.fromArray(SPECIES, x, from + 2 * in + LANES), a2);
            a3 = w.fma(FloatVector.fromArray(SPECIES, x, from + 3 * in + LANES), a3);
            if (LANES == 8) {
                w = integers(q, k + 16);
                a0 = w.fma(FloatVector.fromArray(SPECIES, x, from + 16), a0);
                a1 = w.fma(FloatVector.fromArray(SPECIES, x, from + in + 16), a1);
                a2 = w.fma(FloatVector.fromArray(SPECIES, x, from + 2 * in + 16), a2);
                a3 = w.fma(FloatVector.fromArray(SPECIES, x, from + 3 * in + 16), a3);
                w = integers(q, k + 24);
                a0 = w.fma(FloatVector.fromArray(SPECIES, x, from + 24), a0);
                a1 = w.fma(FloatVector.fromArray(SPECIES, x, from + in + 24), a1);
                a2 = w.fma(FloatVector.fromArray(SPECIES, x, from + 2 * in + 24), a2);
                a3 = w.fma(FloatVector.fromArray(SPECIES, x, from + 3 * in + 24), a3);
            }
            FloatVector scale = FloatVector.broadcast(SPECIES, scales[g]);
            s0 = a0.fma(scale, s0);
            s1 = a1.fma(scale, s1);
            s2 = a2.fma(scale, s2);
            s3 = a3.fma(scale, s3);
        }
        sum(s0, s1, s2, s3, to);
    }

    private static void four16(Unpacked row, float[] x, int at, int in, float[] to) {
        byte[] q = row.integers();
        float[] scales = row.scales();
        int stride = row.stride();
        FloatVector s0 = FloatVector.zero(SPECIES);
        FloatVector s1 = s0;
        FloatVector s2 = s0;
        FloatVector s3 = s0;
        for (int i = 0, g = 0, k = row.start(); i < in; i += 16, g++, k += stride) {
            FloatVector w = integers(q, k);
            int from = at + i;
            FloatVector a0 = w.mul(FloatVector.fromArray(SPECIES, x, from));
            FloatVector a1 = w.mul(FloatVector.fromArray(SPECIES, x, from + in));
            FloatVector a2 = w.mul(FloatVector.fromArray(SPECIES, x, from + 2 * in));
            FloatVector a3 = w.mul(FloatVector.fromArray(SPECIES, x, from + 3 * in));
            if (LANES == 8) {
                w = integers(q, k + 8);
                a0 = w.fma(FloatVector.fromArray(SPECIES, x, from + 8), a0);
                a1 = w.fma(FloatVector.fromArray(SPECIES, x, from + in + 8), a1);
                a2 = w.fma(FloatVector.fromArray(SPECIES, x, from + 2 * in + 8), a2);
                a3 = w.fma(FloatVector.fromArray(SPECIES, x, from + 3 * in + 8), a3);
            }
            FloatVector scale = FloatVector.broadcast(SPECIES, scales[g]);
            s0 = a0.fma(scale, s0);
            s1 = a1.fma(scale, s1);
            s2 = a2.fma(scale, s2);
            s3 = a3.fma(scale, s3);
        }
        sum(s0, s1, s2, s3, to);
    }

    private static void sum(FloatVector s0, FloatVector s1, FloatVector s2, FloatVector s3, float[] to) {
        float[] lanes = new float[LANES];
        to[0] = sum(s0, lanes);
        to[1] = sum(s1, lanes);
        to[2] = sum(s2, lanes);
        to[3] = sum(s3, lanes);
    }

    /** In turn, since the order of {@link FloatVector#reduceLanes} is not specified. */
    private static float sum(FloatVector sums, float[] lanes) {
        sums.intoArray(lanes, 0);
        float sum = 0;
        for (float lane : lanes) {
            sum += lane;
        }
        return sum;
    }
}
