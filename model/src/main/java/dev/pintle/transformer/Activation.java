package dev.pintle.transformer;

import dev.pintle.tensor.Tensor;

/** What an MLP applies between its linear maps, element by element. */
public enum Activation {
    /** x · sigmoid(x). */
    SILU,
    /** x · Φ(x), with the error function. */
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
