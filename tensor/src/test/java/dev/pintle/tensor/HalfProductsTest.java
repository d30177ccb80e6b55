package dev.pintle.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class HalfProductsTest {
    /** BF16 keeps 8 bits: sums that are rounded once differ from the exact ones by at most half a step. */
    private static final double HALF_A_STEP = 1.0 / 256;

    @ParameterizedTest
    @EnumSource(names = {"BF16", "FP16"})
    void a_product_in_blocks_equals_the_exact_one_but_for_one_rounding(DType dtype) {
        try (TensorScope scope = TensorScope.open("test")) {
            Tensor x = Tensor.randn(1, DType.FP32, Device.CPU, 2, 9, 64).to(dtype);
            Tensor weight = Tensor.randn(2, DType.FP32, Device.CPU, 700, 64).to(dtype); // not a multiple of a block
            Tensor bias = Tensor.randn(3, DType.FP32, Device.CPU, 700).to(dtype);
            Tensor product = HalfProducts.linear(x, weight, bias);
            double[] exact = x.to(DType.FP64)
                    .linear(weight.to(DType.FP64), bias.to(DType.FP64))
                    .toDoubles();
            double[] found = product.toDoubles();
            assertThat(product.dtype()).isEqualTo(dtype);
            assertThat(product.shape()).isEqualTo(Shape.of(2, 9, 700));
            for (int i = 0; i < exact.length; i++) {
                assertThat(found[i]).isCloseTo(exact[i], within(HALF_A_STEP * Math.abs(exact[i]) + 1e-4));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"BF16", "FP16"})
    void attention_is_computed_in_fp32_and_rounded_once(DType dtype) {
        try (TensorScope scope = TensorScope.open("test")) {
            Tensor q = Tensor.randn(1, DType.FP32, Device.CPU, 1, 4, 9, 16).to(dtype);
            Tensor k = Tensor.randn(2, DType.FP32, Device.CPU, 1, 2, 9, 16).to(dtype);
            Tensor v = Tensor.randn(3, DType.FP32, Device.CPU, 1, 2, 9, 16).to(dtype);
            Tensor mixed = HalfProducts.attend(q, k, v, null, true, 0.25);
            double[] exact = q.to(DType.FP64)
                    .attend(k.to(DType.FP64), v.to(DType.FP64), null, true, 0.25)
                    .toDoubles();
            double[] found = mixed.toDoubles();
            assertThat(mixed.dtype()).isEqualTo(dtype);
            for (int i = 0; i < exact.length; i++) {
                assertThat(found[i]).isCloseTo(exact[i], within(HALF_A_STEP * Math.abs(exact[i]) + 1e-4));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"BF16", "FP32", "FP64"})
    void one_query_of_heads_that_share_keys_sees_what_it_sees_among_others(DType dtype) {
        try (TensorScope scope = TensorScope.open("test")) {
            Tensor q = Tensor.randn(1, DType.FP32, Device.CPU, 2, 6, 1, 16).to(dtype);
            Tensor k = Tensor.randn(2, DType.FP32, Device.CPU, 2, 2, 9, 16).to(dtype);
            Tensor v = Tensor.randn(3, DType.FP32, Device.CPU, 2, 2, 9, 16).to(dtype);
            boolean[] sees = new boolean[18];
            for (int i = 0; i < sees.length; i++) {
                sees[i] = i != 9 && i != 10; // the second row begins with padding
            }
            Tensor mask = Tensor.of(sees, 2, 1, 1, 9);
            Tensor all = Tensor.cat(List.of(q, q), 2); // two queries go another way
            double[] expected = all.attend(k, v, mask.expand(2, 1, 2, 9), false, 0.25)
                    .narrow(2, 0, 1)
                    .toDoubles();
            double[] found = q.attend(k, v, mask, false, 0.25).toDoubles();
            for (int i = 0; i < expected.length; i++) {
                assertThat(found[i]).isCloseTo(expected[i], within(HALF_A_STEP * Math.abs(expected[i]) + 1e-6));
            }
        }
    }
}
