package dev.pintle.transformer;

import dev.pintle.tensor.Tensor;

/** The element-wise activation function of an MLP. */
public enum Activation {
    /** x · sigmoid(x). */
    SILU,
    /** x · Φ(x), computed with the error function. */
    GELU,
    /** The tanh approximation of GELU. */
    GELU_TANH;

    Tensor of(Tensor x) {
        return switch (this) {
            case SILU -> x.silu();
            case GELU -> x.gelu();
            case GELU_TANH -> x.geluTanh();
        };
    }
}
