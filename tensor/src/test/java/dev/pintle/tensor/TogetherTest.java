package dev.pintle.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class TogetherTest {
    @Test
    void matrices_that_were_moved_together_keep_their_elements_and_share_them_with_the_whole() {
        try (TensorScope scope = TensorScope.open("test")) {
            Tensor a = Tensor.randn(1, DType.FP32, Device.CPU, 3, 4).to(DType.BF16);
            Tensor b = Tensor.randn(2, DType.FP32, Device.CPU, 2, 4).to(DType.BF16);
            float[] before = b.toFloats();
            Tensor whole = Tensor.together(List.of(a, b));
            assertThat(whole.shape()).isEqualTo(Shape.of(5, 4));
            assertThat(b.toFloats()).isEqualTo(before);
            assertThat(whole.narrow(0, 3, 2).toFloats()).isEqualTo(before);
            whole.select(0, 3).fillInPlace(7);
            assertThat(b.select(0, 0).toFloats()).containsOnly(7);
        }
    }

    @Test
    void neighbours_stay_where_they_are() {
        try (TensorScope scope = TensorScope.open("test")) {
            Tensor matrix = Tensor.randn(1, DType.FP32, Device.CPU, 6, 4);
            Tensor whole = Tensor.together(List.of(matrix.narrow(0, 1, 2), matrix.narrow(0, 3, 3)));
            assertThat(whole.toFloats()).isEqualTo(matrix.narrow(0, 1, 5).toFloats());
            whole.fillInPlace(2);
            assertThat(matrix.select(0, 1).toFloats()).containsOnly(2);
        }
    }
}
