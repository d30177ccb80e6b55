package dev.pintle.transformer;

import dev.pintle.tensor.QuantisedWeight;
import dev.pintle.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A linear map on a CPU whose weight stays quantised, as it is in its file.
 *
 * @param weight `[out, in]`
 * @param bias `[out]`, or null for none
 */
public record Quantised(QuantisedWeight weight, @Nullable Tensor bias) implements Linear {
    @Override
    public Tensor forward(Tensor x) {
        return Linear.hasOneTokenEach(x) ? weight.linearOfRows(x, bias) : weight.linear(x, bias);
    }
}
