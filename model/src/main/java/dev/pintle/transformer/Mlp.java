package dev.pintle.transformer;

import dev.pintle.tensor.Tensor;

/** The part of a block that is computed for each position separately. */
public interface Mlp {
    /**
     * @param x `[batch, tokens, dModel]`
     * @return what is added to the residual stream, `[batch, tokens, dModel]`
     */
    Tensor forward(Tensor x, Pass pass);
}
