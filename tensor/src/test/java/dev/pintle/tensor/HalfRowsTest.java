package dev.pintle.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.Test;

class HalfRowsTest {
    private static final int OUT = 131; // not a multiple of what is computed together
    private static final int IN = 256;

    private static Tensor random(long seed, long... shape) {
        return Tensor.randn(seed, DType.FP32, Device.CPU, shape).to(DType.BF16);
    }

    @Test
    void a_product_is_that_of_plain_sums_rounded_once() {
        try (TensorScope scope = TensorScope.open("test")) {
            Tensor weight = random(1, OUT, IN);
            Tensor bias = random(2, OUT);
            double[] w = weight.toDoubles();
            double[] b = bias.toDoubles();
            for (int rows : new int[] {1, 3, 4, 9}) {
                Tensor x = random(rows, rows, 1, IN);
                assumeTrue(HalfRows.suits(x, weight), "this CPU multiplies BF16 itself, or has no vectors for Java");
                double[] xs = x.toDoubles();
                Tensor product = HalfRows.linear(x, weight, bias);
                assertThat(product.shape()).isEqualTo(Shape.of(rows, 1, OUT));
                assertThat(product.dtype()).isEqualTo(DType.BF16);
                double[] found = product.toDoubles();
                for (int i = 0; i < found.length; i++) {
                    double sum = b[i % OUT];
                    double size = Math.abs(sum);
                    for (int k = 0; k < IN; k++) {
                        double term = xs[i / OUT * IN + k] * w[i % OUT * IN + k];
                        sum += term;
                        size += Math.abs(term);
                    }
                    assertThat(Math.abs(found[i] - sum))
                            .isLessThanOrEqualTo(Math.abs(sum) / 256 + size * 1e-6); // half a step of BF16
                }
            }
        }
    }

    @Test
    void a_rows_bits_do_not_depend_on_the_others() {
        try (TensorScope scope = TensorScope.open("test")) {
            Tensor weight = random(3, OUT, IN);
            Tensor x = random(4, 23, IN);
            assumeTrue(HalfRows.suits(x, weight), "this CPU multiplies BF16 itself, or has no vectors for Java");
            Tensor all = x.linearOfRows(weight, null);
            for (int row = 0; row < 23; row++) {
                assertThat(x.narrow(0, row, 1).linearOfRows(weight, null).toFloats())
                        .isEqualTo(all.narrow(0, row, 1).toFloats());
            }
        }
    }

    @Test
    void widths_that_vectors_do_not_divide_are_left_to_others() {
        try (TensorScope scope = TensorScope.open("test")) {
            assertThat(HalfRows.suits(random(5, 1, 33), random(6, 4, 33))).isFalse();
            assertThat(HalfRows.suits(random(5, 1, IN), random(6, IN, 4).transpose(0, 1)))
                    .isFalse();
        }
    }
}
