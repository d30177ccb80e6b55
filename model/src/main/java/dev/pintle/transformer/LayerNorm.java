package dev.pintle.transformer;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Layer normalisation over the last axis: (x - mean(x)) / sqrt(var(x) + eps) · weight + bias (Ba et al. 2016,
 * arXiv:1607.06450), in FP32 and rounded once to x's dtype.
 *
 * @param weight `[width]` in FP32 (FP64 in an FP64 model)
 * @param bias `[width]` in the same dtype, or null for none
 */
public record LayerNorm(Tensor weight, @Nullable Tensor bias, double eps) implements Norm {
    @Override
    public Tensor forward(Tensor x) {
        DType dtype = x.dtype();
        return x.to(weight.dtype()).layerNorm(weight, bias, eps).to(dtype);
    }
}
