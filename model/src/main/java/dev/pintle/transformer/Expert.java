package dev.pintle.transformer;

import dev.pintle.tensor.Tensor;

/** One of the MLPs that a {@link MixtureOfExperts} chooses from. */
@FunctionalInterface
public interface Expert {
    /**
     * @param x `[…, dModel]`
     * @return of the same shape
     */
    Tensor forward(Tensor x);
}
