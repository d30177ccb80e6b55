package dev.pintle.transformer;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.Tensor;

/**
 * Root-mean-square normalisation over the last axis: x / sqrt(mean(x²) + eps) · weight (Zhang and Sennrich 2019,
 * arXiv:1910.07467), in FP32 and rounded once to x's dtype.
 */
public final class RmsNorm implements Norm {
    private final Tensor weight;
    private final double eps;

    private RmsNorm(Tensor weight, double eps) {
        this.weight = weight;
        this.eps = eps;
    }

    /** @param weight `[width]` in the precise dtype */
    public static RmsNorm of(Tensor weight, double eps) {
        return new RmsNorm(weight, eps);
    }

    public Tensor weight() {
        return weight;
    }

    public double eps() {
        return eps;
    }

    @Override
    public Tensor forward(Tensor x) {
        DType dtype = x.dtype();
        return x.to(weight.dtype()).rmsNorm(weight, eps).to(dtype);
    }
}
