package dev.pintle.tensor;

import java.lang.ref.Reference;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import org.jspecify.annotations.Nullable;

/*
 * A BF16 number is the upper half of an FP32 number. So a vector of words holds two vectors of weights: the even ones after a
 * shift, the odd ones once the lower halves are cleared. The weight is read where it lies, at the speed of the memory; four of its
 * rows at a time share what is loaded of a single row of x, and four rows of x share what is made of a row of the weight.
 *
 * A sum has one order: each lane adds up its even and its odd elements in two chains, and then the lanes are added up in turn.
 * Methods that take or return vectors are avoided, since they are objects where the JIT compiler does not inline them.
 */
/**
 * Products of BF16 rows with a BF16 weight by the vector instructions of the CPU, summed in FP32 and rounded once. A row's bits do
 * not depend on the other rows.
 */
final class HalfRows {
    private static final int TOGETHER = 4; // rows
    private static final int ROWS_OF_PART = 64; // of the weight, that one thread computes at a time
    private static final double FLOPS_PER_ELEMENT_READ = 40;

    private HalfRows() {}

    /** Whether {@code x · weightᵀ} is faster this way: on CPUs without 16-bit instructions, which libtorch has kernels for. */
    static boolean suits(Tensor x, Tensor weight) {
        return Chains.VECTORS
                && !HalfProducts.hasInstructions()
                && x.dtype() == DType.BF16
                && weight.dtype() == DType.BF16
                && x.device().equals(Device.CPU)
                && weight.shape().rank() == 2
                && x.size(-1) == weight.size(1)
                && x.shape().elements() > 0
                && weight.handle().is_contiguous()
                && Kernel.suits(weight.size(1));
    }

    /**
     * x · weightᵀ + bias.
     *
     * @param x `[…, in]`
     * @param weight `[out, in]`
     * @param bias `[out]`, or null for none
     * @return `[…, out]` BF16
     */
    static Tensor linear(Tensor x, Tensor weight, @Nullable Tensor bias) {
        int out = weight.shape().intSize(0);
        int in = weight.shape().intSize(1);
        float[] values = x.toFloats();
        int count = values.length / in;
        float[] even = new float[values.length / 2];
        float[] odd = new float[values.length / 2];
        for (int i = 0; i < even.length; i++) {
            even[i] = values[2 * i];
            odd[i] = values[2 * i + 1];
        }
        float[] product = new float[Math.multiplyExact(count, out)];
        NativeRows rows = new NativeRows(weight, out, 2 * in);
        int parts = (out + ROWS_OF_PART - 1) / ROWS_OF_PART;
        Workers.share(parts, Math.max(2.0 * count, FLOPS_PER_ELEMENT_READ) * out * in, part -> {
            int end = Math.min(out, (part + 1) * ROWS_OF_PART);
            Kernel.multiply(rows, part * ROWS_OF_PART, end, even, odd, count, product, out);
        });
        Reference.reachabilityFence(weight);
        long[] shape = x.shape().toArray();
        shape[shape.length - 1] = out;
        try (TensorScope scope = TensorScope.open("product with BF16 rows")) {
            Tensor sums = Tensor.of(product, shape);
            return scope.keep((bias == null ? sums : sums.plus(bias.to(DType.FP32))).to(DType.BF16));
        }
    }

    /** What needs the module for vectors. */
    private static final class Kernel {
        private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
        private static final int LANES = FLOATS.length();
        private static final int UPPER = 0xFFFF_0000;

        private Kernel() {}

        static boolean suits(long in) {
            return in % (2 * LANES) == 0;
        }

        static void multiply(
                NativeRows rows, int from, int end, float[] even, float[] odd, int count, float[] to, int out) {
            int half = even.length / count;
            int x = 0;
            for (; x + TOGETHER <= count; x += TOGETHER) {
                for (int o = from; o < end; o++) {
                    fourInputs(rows.vectors(o), rows.start(o), even, odd, x * half, half, to, x * out + o, out);
                }
            }
            for (; x < count; x++) {
                int o = from;
                for (; o + TOGETHER <= end && rows.areTogether(o, TOGETHER); o += TOGETHER) {
                    fourOutputs(rows.vectors(o), rows.start(o), even, odd, x * half, half, to, x * out + o);
                }
                for (; o < end; o++) {
                    one(rows.vectors(o), rows.start(o), even, odd, x * half, half, to, x * out + o);
                }
            }
        }

        private static void one(
                Object weight, int row, float[] even, float[] odd, int x, int half, float[] to, int at) {
            FloatVector a = FloatVector.zero(FLOATS);
            FloatVector b = a;
            for (int i = 0; i < half; i += LANES) {
                IntVector w = NativeVectors.widest(weight, row + 4 * i);
                a = w.lanewise(VectorOperators.LSHL, 16)
                        .reinterpretAsFloats()
                        .fma(FloatVector.fromArray(FLOATS, even, x + i), a);
                b = w.and(UPPER).reinterpretAsFloats().fma(FloatVector.fromArray(FLOATS, odd, x + i), b);
            }
            to[at] = sum(a, b, new float[LANES]);
        }

        private static void fourOutputs(
                Object weight, int row, float[] even, float[] odd, int x, int half, float[] to, int at) {
            int bytes = 4 * half;
            FloatVector a0 = FloatVector.zero(FLOATS);
            FloatVector b0 = a0;
            FloatVector a1 = a0;
            FloatVector b1 = a0;
            FloatVector a2 = a0;
            FloatVector b2 = a0;
            FloatVector a3 = a0;
            FloatVector b3 = a0;
            for (int i = 0; i < half; i += LANES) {
                FloatVector e = FloatVector.fromArray(FLOATS, even, x + i);
                FloatVector o = FloatVector.fromArray(FLOATS, odd, x + i);
                IntVector w = NativeVectors.widest(weight, row + 4 * i);
                a0 = w.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(e, a0);
                b0 = w.and(UPPER).reinterpretAsFloats().fma(o, b0);
                w = NativeVectors.widest(weight, row + bytes + 4 * i);
                a1 = w.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(e, a1);
                b1 = w.and(UPPER).reinterpretAsFloats().fma(o, b1);
                w = NativeVectors.widest(weight, row + 2 * bytes + 4 * i);
                a2 = w.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(e, a2);
                b2 = w.and(UPPER).reinterpretAsFloats().fma(o, b2);
                w = NativeVectors.widest(weight, row + 3 * bytes + 4 * i);
                a3 = w.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(e, a3);
                b3 = w.and(UPPER).reinterpretAsFloats().fma(o, b3);
            }
            float[] lanes = new float[LANES];
            to[at] = sum(a0, b0, lanes);
            to[at + 1] = sum(a1, b1, lanes);
            to[at + 2] = sum(a2, b2, lanes);
            to[at + 3] = sum(a3, b3, lanes);
        }

        private static void fourInputs(
                Object weight, int row, float[] even, float[] odd, int x, int half, float[] to, int at, int out) {
            FloatVector a0 = FloatVector.zero(FLOATS);
            FloatVector b0 = a0;
            FloatVector a1 = a0;
            FloatVector b1 = a0;
            FloatVector a2 = a0;
            FloatVector b2 = a0;
            FloatVector a3 = a0;
            FloatVector b3 = a0;
            for (int i = 0; i < half; i += LANES) {
                IntVector w = NativeVectors.widest(weight, row + 4 * i);
                FloatVector e = w.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
                FloatVector o = w.and(UPPER).reinterpretAsFloats();
                a0 = e.fma(FloatVector.fromArray(FLOATS, even, x + i), a0);
                b0 = o.fma(FloatVector.fromArray(FLOATS, odd, x + i), b0);
                a1 = e.fma(FloatVector.fromArray(FLOATS, even, x + half + i), a1);
                b1 = o.fma(FloatVector.fromArray(FLOATS, odd, x + half + i), b1);
                a2 = e.fma(FloatVector.fromArray(FLOATS, even, x + 2 * half + i), a2);
                b2 = o.fma(FloatVector.fromArray(FLOATS, odd, x + 2 * half + i), b2);
                a3 = e.fma(FloatVector.fromArray(FLOATS, even, x + 3 * half + i), a3);
                b3 = o.fma(FloatVector.fromArray(FLOATS, odd, x + 3 * half + i), b3);
            }
            float[] lanes = new float[LANES];
            to[at] = sum(a0, b0, lanes);
            to[at + out] = sum(a1, b1, lanes);
            to[at + 2 * out] = sum(a2, b2, lanes);
            to[at + 3 * out] = sum(a3, b3, lanes);
        }

        private static float sum(FloatVector a, FloatVector b, float[] lanes) {
            a.add(b).intoArray(lanes, 0);
            float sum = 0;
            for (float lane : lanes) {
                sum += lane;
            }
            return sum;
        }
    }
}
