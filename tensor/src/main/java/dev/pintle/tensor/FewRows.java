package dev.pintle.tensor;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Products of a few FP32 or FP64 rows with a large weight. OpenBLAS packs the whole weight before multiplying, which
 * for one row takes four times as long as the product; its matrix-vector product, applied per row, does not pack and
 * runs at memory speed.
 */
final class FewRows {
    private static final int MAX_ROWS = 4;

    private FewRows() {}

    /** Whether {@code x · weightᵀ} is faster this way. */
    static boolean suits(Tensor x, Tensor weight) {
        return suitsAnyNumber(x, weight) && x.shape().elements() <= MAX_ROWS * x.size(-1);
    }

    /** Whether {@code x · weightᵀ} can be computed this way, if perhaps slowly. */
    static boolean suitsAnyNumber(Tensor x, Tensor weight) {
        return x.device().equals(Device.CPU)
                && (weight.dtype() == DType.FP32 || weight.dtype() == DType.FP64)
                && weight.shape().rank() == 2
                && x.dtype() == weight.dtype()
                && x.size(-1) == weight.size(1)
                && x.shape().elements() > 0;
    }

    /**
     * x · weightᵀ + bias.
     *
     * @param x `[…, in]`
     * @param weight `[out, in]`
     * @param bias `[out]`, or null for none
     * @return `[…, out]`
     */
    static Tensor linear(Tensor x, Tensor weight, @Nullable Tensor bias) {
        long in = x.size(-1);
        long rows = x.shape().elements() / in;
        long[] shape = x.shape().toArray();
        shape[shape.length - 1] = weight.size(0);
        try (TensorScope scope = TensorScope.open("product row by row")) {
            Tensor product;
            if (rows == 1) {
                product = weight.matmul(x.reshape(in));
            } else {
                Tensor flat = x.reshape(rows, in);
                List<Tensor> parts = new ArrayList<>();
                for (long row = 0; row < rows; row++) {
                    parts.add(weight.matmul(flat.select(0, row)));
                }
                product = Tensor.stack(parts, 0);
            }
            return scope.keep((bias == null ? product : product.plus(bias)).reshape(shape));
        }
    }
}
