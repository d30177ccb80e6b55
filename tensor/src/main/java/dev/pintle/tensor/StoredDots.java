package dev.pintle.tensor;

import java.nio.ByteBuffer;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/*
 * 32 bytes are eight words of four elements, which shifts take apart: vectors of bytes would have to be widened, one eighth at a
 * time. So a lane has four elements that follow one another, and x is put in that order first.
 *
 * No method of ours takes or returns a vector: whether the JIT compiler inlines one depends on what it has compiled before, and a
 * vector that is passed on is an object.
 */
/**
 * Dot products of rows with a row of blocks of 32 bytes, each block after its scale, that is read where it lies. The order of a sum
 * does not depend on the number of rows.
 */
final class StoredDots {
    private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_256;
    private static final int LANES = 8;
    private static final int BLOCK = 32;

    private StoredDots() {}

    /** Whether products of this format are computed this way. */
    static boolean suits(BlockFormat format) {
        return Chains.VECTORS && (format == BlockFormat.Q8_0 || format == BlockFormat.INT8_G32);
    }

    /** Rows in the order of lanes: of every 32 elements the first of each four, the second ones, the third, and the fourth. */
    static float[] inOrderOfLanes(float[] x) {
        float[] ordered = new float[x.length];
        for (int start = 0; start < x.length; start += BLOCK) {
            for (int lane = 0; lane < LANES; lane++) {
                for (int i = 0; i < BLOCK / LANES; i++) {
                    ordered[start + LANES * i + lane] = x[start + BLOCK / LANES * lane + i];
                }
            }
        }
        return ordered;
    }

    /**
     * Σ scale · Σ integer · x of each of some rows.
     *
     * @param rows of the weight
     * @param row which of them
     * @param format {@link BlockFormat#Q8_0}, whose scales are in FP16, or {@link BlockFormat#INT8_G32}, with scales in FP32
     * @param x `[rows, in]`, {@linkplain #inOrderOfLanes in the order of lanes}
     * @param first the first of the rows to multiply
     * @param count 1 or {@link BlockDots#MOST_ROWS}
     * @param in elements of a row
     * @param to receives {@code count} results
     */
    static void multiply(
            NativeRows rows, int row, BlockFormat format, float[] x, int first, int count, int in, float[] to) {
        boolean half = format == BlockFormat.Q8_0;
        if (count == 1) {
            to[0] = one(rows.vectors(row), rows.buffer(row), rows.start(row), half, x, first * in, in);
        } else {
            four(rows.vectors(row), rows.buffer(row), rows.start(row), half, x, first * in, in, to);
        }
    }

    private static float scale(ByteBuffer bytes, int at, boolean half) {
        return half ? BlockFormat.fp16(bytes.getShort(at) & 0xFFFF) : bytes.getFloat(at);
    }

    private static float one(Object vectors, ByteBuffer bytes, int start, boolean half, float[] x, int at, int in) {
        int before = half ? 2 : 4; // bytes of a scale
        FloatVector sums = FloatVector.zero(FLOATS);
        for (int i = 0, block = start; i < in; i += BLOCK, block += before + BLOCK) {
            IntVector words = NativeVectors.eight(vectors, block + before);
            int from = at + i;
            FloatVector a = ((FloatVector) words.lanewise(VectorOperators.LSHL, 24)
                            .lanewise(VectorOperators.ASHR, 24)
                            .convertShape(VectorOperators.I2F, FLOATS, 0))
                    .mul(FloatVector.fromArray(FLOATS, x, from));
            a = ((FloatVector) words.lanewise(VectorOperators.LSHL, 16)
                            .lanewise(VectorOperators.ASHR, 24)
                            .convertShape(VectorOperators.I2F, FLOATS, 0))
                    .fma(FloatVector.fromArray(FLOATS, x, from + LANES), a);
            a = ((FloatVector) words.lanewise(VectorOperators.LSHL, 8)
                            .lanewise(VectorOperators.ASHR, 24)
                            .convertShape(VectorOperators.I2F, FLOATS, 0))
                    .fma(FloatVector.fromArray(FLOATS, x, from + 2 * LANES), a);
            a = ((FloatVector) words.lanewise(VectorOperators.ASHR, 24).convertShape(VectorOperators.I2F, FLOATS, 0))
                    .fma(FloatVector.fromArray(FLOATS, x, from + 3 * LANES), a);
            sums = a.fma(FloatVector.broadcast(FLOATS, scale(bytes, block, half)), sums);
        }
        return sum(sums, new float[LANES]);
    }

    private static void four(
            Object vectors, ByteBuffer bytes, int start, boolean half, float[] x, int at, int in, float[] to) {
        int before = half ? 2 : 4;
        FloatVector s0 = FloatVector.zero(FLOATS);
        FloatVector s1 = s0;
        FloatVector s2 = s0;
        FloatVector s3 = s0;
        for (int i = 0, block = start; i < in; i += BLOCK, block += before + BLOCK) {
            IntVector words = NativeVectors.eight(vectors, block + before);
            int from = at + i;
            FloatVector w = (FloatVector) words.lanewise(VectorOperators.LSHL, 24)
                    .lanewise(VectorOperators.ASHR, 24)
                    .convertShape(VectorOperators.I2F, FLOATS, 0);
            FloatVector a0 = w.mul(FloatVector.fromArray(FLOATS, x, from));
            FloatVector a1 = w.mul(FloatVector.fromArray(FLOATS, x, from + in));
            FloatVector a2 = w.mul(FloatVector.fromArray(FLOATS, x, from + 2 * in));
            FloatVector a3 = w.mul(FloatVector.fromArray(FLOATS, x, from + 3 * in));
            w = (FloatVector) words.lanewise(VectorOperators.LSHL, 16)
                    .lanewise(VectorOperators.ASHR, 24)
                    .convertShape(VectorOperators.I2F, FLOATS, 0);
            from += LANES;
            a0 = w.fma(FloatVector.fromArray(FLOATS, x, from), a0);
            a1 = w.fma(FloatVector.fromArray(FLOATS, x, from + in), a1);
            a2 = w.fma(FloatVector.fromArray(FLOATS, x, from + 2 * in), a2);
            a3 = w.fma(FloatVector.fromArray(FLOATS, x, from + 3 * in), a3);
            w = (FloatVector) words.lanewise(VectorOperators.LSHL, 8)
                    .lanewise(VectorOperators.ASHR, 24)
                    .convertShape(VectorOperators.I2F, FLOATS, 0);
            from += LANES;
            a0 = w.fma(FloatVector.fromArray(FLOATS, x, from), a0);
            a1 = w.fma(FloatVector.fromArray(FLOATS, x, from + in), a1);
            a2 = w.fma(FloatVector.fromArray(FLOATS, x, from + 2 * in), a2);
            a3 = w.fma(FloatVector.fromArray(FLOATS, x, from + 3 * in), a3);
            w = (FloatVector) words.lanewise(VectorOperators.ASHR, 24).convertShape(VectorOperators.I2F, FLOATS, 0);
            from += LANES;
            a0 = w.fma(FloatVector.fromArray(FLOATS, x, from), a0);
            a1 = w.fma(FloatVector.fromArray(FLOATS, x, from + in), a1);
            a2 = w.fma(FloatVector.fromArray(FLOATS, x, from + 2 * in), a2);
            a3 = w.fma(FloatVector.fromArray(FLOATS, x, from + 3 * in), a3);
            FloatVector scale = FloatVector.broadcast(FLOATS, scale(bytes, block, half));
            s0 = a0.fma(scale, s0);
            s1 = a1.fma(scale, s1);
            s2 = a2.fma(scale, s2);
            s3 = a3.fma(scale, s3);
        }
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
