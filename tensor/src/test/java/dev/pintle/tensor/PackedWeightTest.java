package dev.pintle.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PackedWeightTest {
    private static final int IN = 512;
    private static final int OUT = 384;

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 7, 64, 65, 200})
    void a_packed_product_equals_the_plain_one_to_the_bit(int rows) {
        try (TensorScope scope = TensorScope.open("test")) {
            Tensor weight = weight();
            assumeThat(PackedWeight.suits(weight)).as("16-bit instructions").isTrue();
            Tensor bias = Tensor.randn(3, DType.FP32, Device.CPU, OUT).to(DType.BF16);
            Tensor x = Tensor.randn(2, DType.FP32, Device.CPU, 1, rows, IN).to(DType.BF16);
            PackedWeight packed = PackedWeight.of(weight);
            try {
                assertThat(packed.linear(x, null).shape()).isEqualTo(Shape.of(1, rows, OUT));
                assertThat(packed.linear(x, null).toFloats())
                        .isEqualTo(x.linear(weight).toFloats());
                assertThat(packed.linear(x, bias).toFloats())
                        .isEqualTo(x.linear(weight, bias).toFloats());
            } finally {
                packed.release();
            }
        }
    }

    @Test
    void one_row_equals_the_same_row_of_a_batch_to_the_bit() {
        try (TensorScope scope = TensorScope.open("test")) {
            Tensor weight = weight();
            assumeThat(PackedWeight.suits(weight)).as("16-bit instructions").isTrue();
            Tensor x = Tensor.randn(2, DType.FP32, Device.CPU, 33, IN).to(DType.BF16);
            assertThat(x.narrow(0, 5, 1).linear(weight).toFloats())
                    .isEqualTo(x.linear(weight).narrow(0, 5, 1).toFloats());
            assertThat(x.select(0, 5).linear(weight).shape()).isEqualTo(Shape.of(OUT));
        }
    }

    @Test
    void only_large_16_bit_matrices_are_packed() {
        try (TensorScope scope = TensorScope.open("test")) {
            assertThat(PackedWeight.suits(Tensor.zeros(DType.FP32, Device.CPU, OUT, IN)))
                    .isFalse();
            assertThat(PackedWeight.suits(Tensor.zeros(DType.BF16, Device.CPU, 8, 8)))
                    .isFalse();
            assertThat(PackedWeight.suits(weight())).isEqualTo(Engine.multipliesHalf());
        }
    }

    @Test
    void products_and_packing_leave_the_process_no_larger() throws IOException {
        assumeThat(Path.of("/proc/self/status")).exists();
        try (TensorScope scope = TensorScope.open("test")) {
            Tensor weight = weight();
            assumeThat(PackedWeight.suits(weight)).as("16-bit instructions").isTrue();
            Tensor x = Tensor.randn(2, DType.FP32, Device.CPU, 8, IN).to(DType.BF16);
            rounds(weight, x, 500);
            long before = TensorScopeTest.residentBytes();
            rounds(weight, x, 2000);
            assertThat(TensorScopeTest.residentBytes() - before).isLessThan(64L << 20);
        }
    }

    private static void rounds(Tensor weight, Tensor x, int count) {
        for (int i = 0; i < count; i++) {
            PackedWeight packed = PackedWeight.of(weight);
            for (int product = 0; product < 20; product++) {
                try (TensorScope inner = TensorScope.open("product")) {
                    packed.linear(x, null);
                }
            }
            packed.release();
        }
    }

    private static Tensor weight() {
        return Tensor.randn(1, DType.FP32, Device.CPU, OUT, IN).to(DType.BF16);
    }
}
