package dev.pintle.transformer;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.Tensor;

/**
 * {@link LayerNorm} of each head with a weight of its own and no bias, as in Cohere's and StableLM's queries and keys.
 *
 * @param weight `[heads, dHead]` in FP32 (FP64 in an FP64 model)
 * @param ones `[dHead]`, of the same dtype
 */
public record PerHeadLayerNorm(Tensor weight, Tensor ones, double eps) implements Norm {
    /** @param x `[…, heads, dHead]` */
    @Override
    public Tensor forward(Tensor x) {
        DType dtype = x.dtype();
        return x.to(weight.dtype()).layerNorm(ones, null, eps).times(weight).to(dtype);
    }
}
