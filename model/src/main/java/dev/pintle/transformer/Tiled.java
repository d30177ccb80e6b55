package dev.pintle.transformer;

import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TiledWeight;
import org.jspecify.annotations.Nullable;

/**
 * A linear map on a GPU whose weight stays quantised.
 *
 * @param weight `[out, in]`
 * @param bias `[out]` in the activations' dtype, or null for none
 */
public record Tiled(TiledWeight weight, @Nullable Tensor bias) implements Linear {
    @Override
    public Tensor forward(Tensor x) {
        return weight.linear(x, bias);
    }
}
