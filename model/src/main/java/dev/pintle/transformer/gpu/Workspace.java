package dev.pintle.transformer.gpu;

import dev.pintle.tensor.Tensor;
import dev.pintle.transformer.ModelConfig;
import java.util.function.LongFunction;

/**
 * The working memory of a fused block.
 *
 * @param mapped queries, keys and values, `[rows, (nHeads + 2 nKvHeads) dHead]`
 * @param product the output of a linear map, `[rows, dModel]`
 * @param mid the residual stream between attention and MLP, `[rows, dModel]`
 * @param normed the input of the next linear map, `[rows, dModel]`
 * @param gateUp `[rows, 2 dMlp]`
 * @param hidden `[rows, dMlp]`
 */
record Workspace(Tensor mapped, Tensor product, Tensor mid, Tensor normed, Tensor gateUp, Tensor hidden) {
    /** @param allocate allocates `[rows, width]` in the model's dtype */
    static Workspace of(ModelConfig c, LongFunction<Tensor> allocate) {
        return inPlace(c, allocate, allocate.apply(c.dModel()));
    }

    /** The same, with the residual stream between attention and MLP in existing memory. */
    static Workspace inPlace(ModelConfig c, LongFunction<Tensor> allocate, Tensor mid) {
        return new Workspace(
                allocate.apply((c.nHeads() + 2L * c.nKvHeads()) * c.dHead()),
                allocate.apply(c.dModel()),
                mid,
                allocate.apply(c.dModel()),
                allocate.apply(2L * c.dMlp()),
                allocate.apply(c.dMlp()));
    }
}
