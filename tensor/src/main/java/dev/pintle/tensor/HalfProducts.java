package dev.pintle.tensor;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/*
 * Products with BF16 or FP16 weights on CPUs without 16-bit instructions.
 *
 * There libtorch multiplies one row at a time and reads the whole weight for each: memory-bound for one row, but 40
 * times slower than an FP32 product for 512 rows. So for more than a few rows, one block of the weight at a time is
 * widened into a buffer that stays in cache and multiplied in FP32. This gives FP32 speed without a second copy of the
 * weights, and sums that are rounded to 16 bits once.
 */
/** Products with 16-bit weights computed in FP32, one block of the weight at a time. */
final class HalfProducts {
    private static final int BLOCK = 256;
    private static final int FEW_ROWS = 8;
    private static final boolean NEEDED = !Engine.cpuCapability().contains("AVX512");

    private HalfProducts() {}

    /** Whether the CPU has 16-bit multiplication instructions that beat FP32 both for one row and for hundreds. */
    static boolean hasInstructions() {
        return !NEEDED;
    }

    /** Whether {@code x · weightᵀ} is faster this way. */
    static boolean suits(Tensor x, Tensor weight) {
        return suits(weight) && weight.shape().rank() == 2 && x.shape().elements() > FEW_ROWS * x.size(-1);
    }

    /**
     * Whether libtorch's attention is faster in FP32: also on CPUs with 16-bit instructions, by a factor of 20 at 512
     * tokens.
     */
    static boolean attendsInFp32(Tensor tensor) {
        return isHalfOnProcessor(tensor);
    }

    /** Whether products with this tensor are faster in FP32. */
    private static boolean suits(Tensor tensor) {
        return NEEDED && isHalfOnProcessor(tensor);
    }

    private static boolean isHalfOnProcessor(Tensor tensor) {
        return (tensor.dtype() == DType.BF16 || tensor.dtype() == DType.FP16)
                && tensor.device().equals(Device.CPU);
    }

    /**
     * Whether this is a single row for oneDNN, whose single-row kernel is slow and sums in a different order; two rows
     * are faster, and bit-identical to the same row in any batch.
     */
    static boolean isOneRow(Tensor x, Tensor weight) {
        return !NEEDED
                && x.dtype() == DType.BF16
                && weight.dtype() == DType.BF16
                && x.device().equals(Device.CPU)
                && weight.shape().rank() == 2
                && x.size(-1) == weight.size(1)
                && x.shape().elements() == x.size(-1);
    }

    /** x · weightᵀ + bias for one row, computed as the first of two. */
    static Tensor oneRow(Tensor x, Tensor weight, @Nullable Tensor bias) {
        long[] shape = x.shape().toArray();
        shape[shape.length - 1] = weight.size(0);
        try (TensorScope scope = TensorScope.open("one row as two")) {
            Tensor row = x.reshape(1, x.size(-1));
            Tensor both = Tensor.cat(List.of(row, row), 0).linear(weight, bias);
            return scope.keep(both.narrow(0, 0, 1).reshape(shape));
        }
    }

    /**
     * {@link Tensor#attend} in FP32, rounded once; keys and values are small compared with weights, so they are widened
     * whole.
     */
    static Tensor attend(Tensor q, Tensor key, Tensor value, @Nullable Tensor mask, boolean causal, double scale) {
        try (TensorScope scope = TensorScope.open("attention in FP32")) {
            Tensor mixed = q.to(DType.FP32).attend(key.to(DType.FP32), value.to(DType.FP32), mask, causal, scale);
            return scope.keep(mixed.to(q.dtype()));
        }
    }

    /**
     * x · weightᵀ + bias.
     *
     * @param x `[…, in]`
     * @param weight `[out, in]`
     * @param bias `[out]`, or null for none
     * @return `[…, out]` in x's dtype
     */
    static Tensor linear(Tensor x, Tensor weight, @Nullable Tensor bias) {
        try (TensorScope scope = TensorScope.open("product in blocks")) {
            long out = weight.size(0);
            Tensor wide = x.to(DType.FP32);
            Tensor block = Tensor.empty(DType.FP32, Device.CPU, Math.min(BLOCK, out), weight.size(1));
            List<Tensor> parts = new ArrayList<>();
            for (long start = 0; start < out; start += BLOCK) {
                long count = Math.min(BLOCK, out - start);
                Tensor widened = block.narrow(0, 0, count).copyFrom(weight.narrow(0, start, count));
                parts.add(wide.linear(widened)); // [..., count]
            }
            Tensor product = Tensor.cat(parts, -1);
            return scope.keep((bias == null ? product : product.plus(bias)).to(x.dtype()));
        }
    }
}
