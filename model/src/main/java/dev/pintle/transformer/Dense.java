package dev.pintle.transformer;

import dev.pintle.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A linear map whose weight stays in the layout it was loaded in.
 *
 * @param weight `[out, in]`
 * @param bias `[out]`, or null for none
 */
public record Dense(Tensor weight, @Nullable Tensor bias) implements Linear {
    @Override
    public Tensor forward(Tensor x) {
        return Linear.hasOneTokenEach(x) ? x.linearOfRows(weight, bias) : x.linear(weight, bias);
    }

    /**
     * Writes the result into existing memory.
     *
     * @param x `[n, in]`
     * @param to `[n, out]`
     */
    public void forwardInto(Tensor x, Tensor to) {
        x.linearInto(weight, bias, to);
    }
}
