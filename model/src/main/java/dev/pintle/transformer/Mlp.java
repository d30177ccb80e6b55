package dev.pintle.transformer;

import dev.pintle.tensor.Tensor;

/** What a block computes at each position by itself. */
public interface Mlp {
    /**
     * @param x `[batch, tokens, dModel]`
     * @return what is added to the residual stream, of the same shape
     */
    Tensor forward(Tensor x, Pass pass);
}
