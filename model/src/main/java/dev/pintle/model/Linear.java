package dev.pintle.model;

import dev.pintle.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A linear map.
 *
 * @param weight `[out, in]`
 * @param bias `[out]`, or null for none
 */
public record Linear(Tensor weight, @Nullable Tensor bias) {
    /**
     * @param x `[…, in]`
     * @return x·weightᵀ + bias, `[…, out]`
     */
    public Tensor forward(Tensor x) {
        return x.linear(weight, bias);
    }

    /** The rows {@code start} to {@code start + count - 1} of the map, for checkpoints that store several in one. */
    public Linear rows(Weights owner, int start, int count) {
        Tensor b = bias;
        return new Linear(
                owner.own(weight.narrow(0, start, count)), b == null ? null : owner.own(b.narrow(0, start, count)));
    }
}
