package dev.pintle.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PlacesTest {
    @Test
    void places_that_are_not_zero_are_listed_in_row_major_order() {
        try (TensorScope scope = TensorScope.open("test")) {
            Tensor tensor = Tensor.of(new float[] {0, 2, 0, -1, 0, Float.NaN}, 2, 3);
            assertThat(tensor.nonZero().toLongs()).containsExactly(1, 3, 5);
            assertThat(Tensor.zeros(DType.FP32, Device.CPU, 2, 2).nonZero().toLongs())
                    .isEmpty();
        }
    }

    @Test
    void scattered_values_stand_at_their_indices_and_the_rest_stays() {
        try (TensorScope scope = TensorScope.open("test")) {
            Tensor tensor = Tensor.of(new float[] {1, 2, 3, 4, 5, 6}, 2, 3);
            Tensor changed = tensor.scatter(Tensor.of(new long[] {2, 0}, 2, 1), Tensor.of(new float[] {30, 40}, 2, 1));
            assertThat(changed.toFloats()).containsExactly(1, 2, 30, 40, 5, 6);
            assertThat(tensor.toFloats()).containsExactly(1, 2, 3, 4, 5, 6);
        }
    }

    @Test
    void no_places_pick_no_rows() {
        try (TensorScope scope = TensorScope.open("test")) {
            Tensor none = Tensor.of(new long[0], 0);
            Tensor rows = Tensor.zeros(DType.FP32, Device.CPU, 4, 3).indexSelect(0, none);
            assertThat(rows.shape().toArray()).containsExactly(0, 3);
        }
    }
}
