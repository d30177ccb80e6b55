package dev.pintle.transformer;

import dev.pintle.tensor.Tensor;

/** A normalisation over the last axis. */
@FunctionalInterface
public interface Norm {
    /**
     * @param x `[…, width]`
     * @return the same shape and dtype
     */
    Tensor forward(Tensor x);
}
