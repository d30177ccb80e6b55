package dev.pintle.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FewRowsTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 3, 4, 5})
    void a_product_of_few_rows_equals_the_same_rows_of_a_large_product(int rows) {
        try (TensorScope scope = TensorScope.open("test")) {
            Tensor x = Tensor.randn(1, DType.FP32, Device.CPU, 2, 8, 48);
            Tensor weight = Tensor.randn(2, DType.FP32, Device.CPU, 70, 48);
            Tensor bias = Tensor.randn(3, DType.FP32, Device.CPU, 70);
            float[] expected =
                    x.linear(weight, bias).select(0, 1).narrow(0, 0, rows).toFloats();
            Tensor few = x.select(0, 1).narrow(0, 0, rows).unsqueeze(0);
            Tensor product = few.linear(weight, bias);
            assertThat(product.shape()).isEqualTo(Shape.of(1, rows, 70));
            float[] found = product.toFloats();
            for (int i = 0; i < expected.length; i++) {
                assertThat(found[i]).isCloseTo(expected[i], within(2e-5f));
            }
        }
    }
}
