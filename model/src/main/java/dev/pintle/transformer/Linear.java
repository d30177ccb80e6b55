package dev.pintle.transformer;

import dev.pintle.tensor.Tensor;

/** A linear map x·Wᵀ + b. Implementations differ in how the weight is stored. */
public sealed interface Linear permits Dense, Packed, Joined {
    /**
     * @param x `[…, in]`
     * @return `[…, out]`
     */
    Tensor forward(Tensor x);
}
