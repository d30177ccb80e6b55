package dev.pintle.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

class FloatMathTest {
    private static final double TWO_UNITS = 2 * Math.ulp(1f);

    @Test
    void exp_is_within_two_units_in_the_last_place() {
        Random random = new Random(1);
        for (int i = 0; i < 1_000_000; i++) {
            float x = (random.nextFloat() - 0.5f) * 174;
            double expected = Math.exp(x);
            assertThat(Math.abs(FloatMath.exp(x) - expected))
                    .as("exp(%s)", x)
                    .isLessThanOrEqualTo(TWO_UNITS * expected);
        }
    }

    @Test
    void exp_of_what_is_not_a_number_or_out_of_range() {
        assertThat(FloatMath.exp(Float.NaN)).isNaN();
        assertThat(FloatMath.exp(Float.NEGATIVE_INFINITY)).isZero();
        assertThat(FloatMath.exp(-200)).isZero();
        assertThat(FloatMath.exp(Float.POSITIVE_INFINITY)).isInfinite();
        assertThat(FloatMath.exp(89)).isInfinite();
        assertThat(FloatMath.exp(0)).isEqualTo(1);
    }
}
