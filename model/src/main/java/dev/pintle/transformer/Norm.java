package dev.pintle.transformer;

import dev.pintle.tensor.Tensor;

/** A normalisation of the last axis, or none. */
@FunctionalInterface
public interface Norm {
    /** Leaves its input as it is: where a family has no norm in a place. */
    Norm NONE = x -> x;

    /**
     * @param x `[…, width]`
     * @return the same shape and dtype
     */
    Tensor forward(Tensor x);
}
