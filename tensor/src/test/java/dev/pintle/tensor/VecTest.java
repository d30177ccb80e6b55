package dev.pintle.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class VecTest {
    private final Vec v = Vec.of(3, -4, 0);
    private final Vec w = Vec.of(1, 2, -2);

    @Test
    void sums_and_multiples_are_taken_element_by_element() {
        assertThat(v.plus(w)).isEqualTo(Vec.of(4, -2, -2));
        assertThat(v.minus(w)).isEqualTo(Vec.of(2, -6, 2));
        assertThat(v.times(2)).isEqualTo(v.plus(v));
        assertThat(v.times(-1).times(-1)).isEqualTo(v);
    }

    @Test
    void length_and_angle_are_those_of_geometry() {
        assertThat(v.norm()).isEqualTo(5);
        assertThat(v.dot(w)).isEqualTo(-5);
        assertThat(v.cosine(w)).isCloseTo(-1.0 / 3, within(1e-12));
        assertThat(v.unit().norm()).isCloseTo(1, within(1e-7));
        assertThat(Vec.zeros(3).cosine(v)).isZero();
    }

    @Test
    void a_vector_cannot_be_changed_through_its_array() {
        float[] values = {1, 2};
        Vec vec = Vec.of(values);
        values[0] = 9;
        vec.toArray()[1] = 9;
        assertThat(vec).isEqualTo(Vec.of(1, 2));
    }

    @Test
    void the_zero_vector_has_no_direction() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Vec.zeros(4).unit())
                .withMessage("A vector of length 0.0 has no direction.\n  size: 4");
    }

    @Test
    void vectors_of_different_sizes_are_refused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> v.plus(Vec.of(1)))
                .withMessage("The vectors have different sizes.\n  one:   3\n  other: 1");
    }
}
