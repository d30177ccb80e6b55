package dev.pintle.transformer;

import dev.pintle.tensor.Tensor;

/**
 * A linear map x·Wᵀ + b. Implementations differ in how the weight is stored.
 *
 * <p>Rows with one token each are taken to belong to different sequences: on a CPU, the bits of such a row's result do
 * not depend on the other rows.
 */
public sealed interface Linear permits Dense, HeapDense, Packed, Quantised, Tiled, Joined {
    /**
     * @param x `[…, in]`; `[rows, in]` and `[rows, 1, in]` are rows with one token each
     * @return `[…, out]`
     */
    Tensor forward(Tensor x);

    /** Whether an input has one token per row. */
    static boolean hasOneTokenEach(Tensor x) {
        int rank = x.shape().rank();
        return rank == 2 || (rank == 3 && x.size(1) == 1);
    }
}
