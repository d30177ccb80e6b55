package dev.pintle.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.util.Arrays;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HeapWeightTest {
    private static final int ROWS = 300;

    @ParameterizedTest
    @CsvSource({
        "64, 64, false",
        "256, 704, false",
        "704, 256, true",
        "257, 123, true",
        "1000, 333, false",
        "5, 3, true",
        "3, 200, false"
    })
    void a_row_has_the_same_bits_whatever_the_number_of_rows(int in, int out, boolean biased) {
        try (TensorScope scope = TensorScope.open("test")) {
            Tensor stored = Tensor.randn(1, DType.FP32, Device.CPU, out, in);
            Tensor bias = biased ? Tensor.randn(2, DType.FP32, Device.CPU, out) : null;
            assumeThat(HeapWeight.suits(stored)).isTrue();
            HeapWeight weight = HeapWeight.of(stored, bias);
            Tensor x = Tensor.randn(3, DType.FP32, Device.CPU, ROWS, in);
            float[] all = weight.linear(x).toFloats();
            assertThat(all).containsExactly(expected(x, stored, bias), within(2e-4f));
            for (int count : new int[] {1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 31, 64, 65, 130, 299}) {
                for (int first : new int[] {0, 1, ROWS - count}) {
                    float[] some = weight.linear(x.narrow(0, first, count)).toFloats();
                    assertThat(some)
                            .as("%d rows from %d", count, first)
                            .isEqualTo(Arrays.copyOfRange(all, first * out, (first + count) * out));
                }
            }
            float[] product = new float[9 * out];
            weight.multiply(x.narrow(0, 0, 9).toFloats(), 2, 5, product, 2);
            assertThat(Arrays.copyOfRange(product, 2 * out, 7 * out))
                    .isEqualTo(Arrays.copyOfRange(all, 2 * out, 7 * out));
        }
    }

    private static float[] expected(Tensor x, Tensor weight, @Nullable Tensor bias) {
        Tensor precise = x.to(DType.FP64).linear(weight.to(DType.FP64), bias == null ? null : bias.to(DType.FP64));
        return precise.toFloats();
    }

    @Test
    void vectors_and_plain_loops_have_the_same_bits() {
        assumeThat(Chains.VECTORS).isTrue();
        Random random = new Random(4);
        for (int trial = 0; trial < 40; trial++) {
            int in = 1 + random.nextInt(150);
            int out = 1 + random.nextInt(600);
            int rows = 1 + random.nextInt(20);
            float[] weight = floats(random, out * in);
            float[] x = floats(random, rows * in);
            int[] cuts = in < 3 ? new int[] {0, in} : new int[] {0, 1 + random.nextInt(in - 1), in};
            assertThat(product(new VectorChains(weight, out, in), x, rows, cuts, out))
                    .isEqualTo(product(new PlainChains(weight, out, in), x, rows, cuts, out));
        }
    }

    private static float[] product(Chains chains, float[] x, int rows, int[] cuts, int out) {
        float[] sums = new float[rows * out];
        for (int part = 0; part < chains.parts(); part++) {
            chains.add(part, x, 0, rows, cuts, sums, 0);
        }
        return sums;
    }

    private static float[] floats(Random random, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }
}
