package dev.pintle.bench;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;

/**
 * What the machine can do at most, measured beside the figures that are compared with it.
 *
 * @param copy bytes a second of a large copy, read and written
 * @param read bytes a second of a large sum, read only
 * @param arithmetic multiplications and additions a second of a large product in {@code dtype}
 */
public record Ceilings(double copy, double read, double arithmetic) {
    private static final long COPIED = 256L << 20;
    private static final long CUDA_COPIED = 4L << 30;
    private static final int SIDE = 3072;
    private static final int CUDA_SIDE = 8192;

    /** Measures them. */
    public static Ceilings measure(Device device, DType dtype) {
        return new Ceilings(copyBandwidth(device), readBandwidth(device), arithmetic(device, dtype));
    }

    private static long copied(Device device) {
        return device.equals(Device.CPU) ? COPIED : CUDA_COPIED;
    }

    static double copyBandwidth(Device device) {
        try (TensorScope scope = TensorScope.open("copy")) {
            long bytes = copied(device);
            Tensor from = Tensor.zeros(DType.UINT8, device, bytes).fillInPlace(1);
            Tensor to = Tensor.zeros(DType.UINT8, device, bytes);
            return 2 * bytes / Timing.medianSeconds(device, () -> to.copyFrom(from));
        }
    }

    private static double readBandwidth(Device device) {
        try (TensorScope scope = TensorScope.open("read")) {
            long bytes = copied(device);
            Tensor from = Tensor.zeros(DType.FP32, device, bytes / 4).fillInPlace(1);
            return bytes
                    / Timing.medianSeconds(device, () -> {
                        try (TensorScope inner = TensorScope.open("sum")) {
                            from.sum();
                        }
                    });
        }
    }

    private static double arithmetic(Device device, DType dtype) {
        int side = device.equals(Device.CPU) ? SIDE : CUDA_SIDE;
        try (TensorScope scope = TensorScope.open("product")) {
            // FP32 on a processor without 16-bit instructions is what 16-bit products are computed in
            Tensor a = Tensor.randn(1, DType.FP32, device, side, side).to(dtype);
            Tensor b = Tensor.randn(2, DType.FP32, device, side, side).to(dtype);
            double seconds = Timing.medianSeconds(device, () -> {
                try (TensorScope inner = TensorScope.open("one product")) {
                    a.linear(b);
                }
            });
            return 2.0 * side * side * side / seconds;
        }
    }
}
