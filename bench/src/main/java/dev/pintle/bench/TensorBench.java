package dev.pintle.bench;

import dev.pintle.tensor.BlockFormat;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Engine;
import dev.pintle.tensor.QuantisedWeight;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Random;
import java.util.function.UnaryOperator;

/** The tensor layer: linear maps beside the copy bandwidth, and what the wrapper adds to a call. */
public final class TensorBench {
    private static final int IN = 4096;
    private static final int OUT = 14_336;
    private static final int CALLS = 100_000;
    private static final List<BlockFormat> FORMATS = List.of(
            BlockFormat.Q8_0,
            BlockFormat.Q6_K,
            BlockFormat.Q4_K,
            BlockFormat.Q4_0,
            BlockFormat.INT4_G128,
            BlockFormat.NF4_G64,
            BlockFormat.E4M3_G128);

    private TensorBench() {}

    /** Prints the figures as a Markdown table. */
    public static void run(PrintWriter out, Device device) {
        out.printf(
                "libtorch %s, %s, %d threads, %s%n%n",
                Engine.version(), Engine.cpuCapability(), Engine.threads(), device);
        out.printf(
                Locale.ROOT,
                "copy bandwidth: %.1f GB/s (read and written bytes)%n%n",
                Ceilings.copyBandwidth(device) / 1e9);
        out.println("| linear 4096 → 14336 | rows | ms | GFLOP/s | GB/s of weights |");
        out.println("| --- | ---: | ---: | ---: | ---: |");
        for (DType dtype : List.of(DType.FP32, DType.BF16)) {
            linear(out, dtype, device);
        }
        if (device.equals(Device.CPU)) {
            out.printf("%n| rows of different sequences, 4096 → 14336 | rows | ms | GB/s of weights |%n");
            out.println("| --- | ---: | ---: | ---: |");
            rows(out, DType.BF16);
            FORMATS.forEach(format -> rows(out, format));
        }
        out.printf(
                Locale.ROOT,
                "%nwrapper: %.2f µs a call (view of a tensor, made and released in a scope)%n",
                perCall() * 1e6);
    }

    private static void linear(PrintWriter out, DType dtype, Device device) {
        try (TensorScope scope = TensorScope.open("linear")) {
            Tensor weight =
                    Tensor.randn(1, DType.FP32, Device.CPU, OUT, IN).to(dtype).to(device);
            for (int rows : new int[] {1, 8, 64, 512}) {
                Tensor x = Tensor.randn(2, DType.FP32, Device.CPU, rows, IN)
                        .to(dtype)
                        .to(device);
                double seconds = Timing.medianSeconds(device, () -> {
                    try (TensorScope inner = TensorScope.open("one product")) {
                        x.linear(weight);
                    }
                });
                out.printf(
                        Locale.ROOT,
                        "| %s | %d | %.1f | %.0f | %.1f |%n",
                        dtype,
                        rows,
                        seconds * 1e3,
                        2.0 * rows * IN * OUT / seconds / 1e9,
                        (double) OUT * IN * dtype.bytes() / seconds / 1e9);
            }
        }
    }

    private static void rows(PrintWriter out, DType dtype) {
        try (TensorScope scope = TensorScope.open("rows")) {
            Tensor weight = Tensor.randn(1, DType.FP32, Device.CPU, OUT, IN).to(dtype);
            rows(
                    out,
                    dtype.toString(),
                    (double) OUT * IN * dtype.bytes(),
                    x -> x.to(dtype).linearOfRows(weight, null));
        }
    }

    /** Blocks of random bytes, whose scales may be any number: products take the same time. */
    private static void rows(PrintWriter out, BlockFormat format) {
        try (TensorScope scope = TensorScope.open("rows")) {
            byte[] bytes = new byte[OUT * (IN / format.block()) * format.bytes()];
            new Random(3).nextBytes(bytes);
            QuantisedWeight weight =
                    QuantisedWeight.of(Tensor.ofBytes(bytes, DType.UINT8, bytes.length), format, OUT, IN);
            rows(out, format.toString(), bytes.length, x -> weight.linearOfRows(x, null));
        }
    }

    private static void rows(PrintWriter out, String name, double bytes, UnaryOperator<Tensor> product) {
        for (int count : new int[] {1, 8}) {
            Tensor x = Tensor.randn(2, DType.FP32, Device.CPU, count, IN);
            double seconds = Timing.medianSeconds(() -> {
                try (TensorScope inner = TensorScope.open("one product")) {
                    Objects.requireNonNull(product.apply(x));
                }
            });
            out.printf(Locale.ROOT, "| %s | %d | %.1f | %.1f |%n", name, count, seconds * 1e3, bytes / seconds / 1e9);
        }
    }

    private static double perCall() {
        try (TensorScope scope = TensorScope.open("wrapper")) {
            Tensor tensor = Tensor.zeros(DType.FP32, Device.CPU, 8, 8);
            return Timing.medianSeconds(() -> {
                        for (int i = 0; i < CALLS / 100; i++) {
                            try (TensorScope inner = TensorScope.open("calls")) {
                                for (int k = 0; k < 100; k++) {
                                    tensor.select(0, 0);
                                }
                            }
                        }
                    })
                    / CALLS;
        }
    }
}
