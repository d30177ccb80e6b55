package dev.pintle.transformer;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.Tensor;

/**
 * Root-mean-square normalisation over the last axis: x / sqrt(mean(x²) + eps) · weight (Zhang and Sennrich 2019,
 * arXiv:1910.07467), in FP32 and rounded once to x's dtype.
 *
 * @param weight `[width]` in FP32 (FP64 in an FP64 model)
 */
public record RmsNorm(Tensor weight, double eps) implements Norm {
    @Override
    public Tensor forward(Tensor x) {
        DType dtype = x.dtype();
        return x.to(weight.dtype()).rmsNorm(weight, eps).to(dtype);
    }
}
