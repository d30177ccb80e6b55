package dev.pintle.testkit;

/** How far a result may be from the reference, each with its reason. All are relative to the largest reference value. */
public final class Tolerance {
    /** FP32 activations after up to 8 blocks: another order of summation in products and softmax. */
    public static final double ACTIVATIONS_FP32 = 2e-5;

    /** FP32 vectors: means of activation differences, in which part of that rounding averages out. */
    public static final double VECTORS_FP32 = 1e-5;

    /** FP64 against a plain FP64 implementation: rounding is 10^8 times smaller, so more would be a bug. */
    public static final double FP64 = 1e-10;

    private Tolerance() {}
}
