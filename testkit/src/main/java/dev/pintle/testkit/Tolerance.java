package dev.pintle.testkit;

import dev.pintle.tensor.Device;

/** How far a result may be from the reference, each with its reason. All are relative to the largest reference value. */
public final class Tolerance {
    /** FP32 activations after up to 8 blocks: another order of summation in products and softmax. */
    public static final double ACTIVATIONS_FP32 = 2e-5;

    /** FP32 vectors: means of activation differences, in which part of that rounding averages out. */
    public static final double VECTORS_FP32 = 1e-5;

    /** FP64 against a plain FP64 implementation: rounding is 10^8 times smaller, so more would be a bug. */
    public static final double FP64 = 1e-10;

    /** Quotients of small FP32 differences, on a processor, which sums in the reference's order or nearly so. */
    private static final double QUOTIENTS_FP32 = 1e-5;

    /** The same on a GPU: errors of 1e-7 in an activation are ten times that in the error of its reconstruction, or more. */
    private static final double QUOTIENTS_FP32_GPU = 2e-5;

    /** Quotients of small FP32 differences, such as relative errors of reconstructions. */
    public static double quotientsFp32() {
        return TestDevice.current().equals(Device.CPU) ? QUOTIENTS_FP32 : QUOTIENTS_FP32_GPU;
    }

    private Tolerance() {}
}
