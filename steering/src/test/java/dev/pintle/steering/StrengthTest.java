package dev.pintle.steering;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.pintle.model.ModelId;
import dev.pintle.tensor.Vec;
import dev.pintle.transformer.HookPoint;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class StrengthTest {
    private static SteeringVector vector(double norm, float... numbers) {
        Origin origin = new Origin(
                new ModelId("m", "r"),
                new Origin.Method("all-positions", "all", "mean", ""),
                new Origin.Data(1, "", 4),
                new Origin.Capture("", "", "fp32", "cpu"),
                new Origin.Measures(1, norm, Double.NaN, Stability.UNKNOWN, 0),
                "");
        return new SteeringVector(Vec.of(numbers), HookPoint.residPost(3), origin);
    }

    @ParameterizedTest
    @CsvSource({
        "0.45, 0.45, NORMS", "5abs, 5, FACTOR", "-2, -2, NORMS", "+.5, 0.5, NORMS", "1e-3, 0.001, NORMS",
        "-12.5abs, -12.5, FACTOR", "' 3 ', 3, NORMS", "0, 0, NORMS", "7., 7, NORMS", "1e38, 1e38, NORMS"
    })
    void a_plain_number_counts_in_activation_norms_and_one_with_abs_is_a_factor(
            String text, double value, Strength.Unit unit) {
        assertThat(Strength.parse(text)).isEqualTo(new Strength(value, unit));
        assertThat(Strength.parse(Strength.parse(text).toString())).isEqualTo(Strength.parse(text));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "lots",
                "",
                "abs",
                "NaN",
                "Infinity",
                "1e999",
                "5 abs",
                "5x",
                "0x10",
                "5f",
                "5d",
                "5ABS",
                "1,5",
                "--5"
            })
    void anything_else_is_refused(String text) {
        assertThatThrownBy(() -> Strength.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("""
                        This is not a valid strength.
                          expected: a number in activation norms, such as 0.45, or a raw multiplier, such as 5abs
                          but was:  %s""".formatted(text));
    }

    @Test
    void a_bad_value_of_a_megabyte_is_not_printed() {
        assertThatThrownBy(() -> Strength.parse("x".repeat(1_000_000)))
                .satisfies(
                        e -> assertThat(String.valueOf(e.getMessage()).length()).isLessThan(250));
    }

    @Test
    void what_is_added_is_as_many_activation_norms_long_whatever_the_vectors_own_length() {
        assertThat(Strength.parse("0.5").resolve(vector(10, 1, 0))).isEqualTo(5);
        assertThat(Strength.parse("0.5").resolve(vector(10, 3, 4))).isEqualTo(1);
        assertThat(Strength.parse("5abs").resolve(vector(10, 3, 4))).isEqualTo(5);
        assertThat(Strength.parse("5abs").inNorms(vector(10, 3, 4))).hasValue(2.5);
        assertThat(Strength.parse("0.5").inNorms(vector(10, 3, 4))).hasValue(0.5);
        Add added = Add.add(vector(10, 3, 4), Strength.norms(0.5));
        assertThat(added.added().norm()).isCloseTo(5, within(1e-6));
    }

    @Test
    void the_factor_of_a_fitted_vector_is_the_number_times_the_norm_to_the_bit() {
        float[] numbers = new float[256];
        Arrays.fill(numbers, 1);
        SteeringVector fitted = vector(10.883, Vec.of(numbers).unit().toArray());
        assertThat(Strength.norms(0.45).resolve(fitted)).isEqualTo(0.45 * 10.883);
    }

    @ParameterizedTest
    @ValueSource(doubles = {Double.NaN, 0, -1, Double.POSITIVE_INFINITY})
    void a_vector_without_a_known_norm_says_so_and_takes_a_factor(double norm) {
        SteeringVector unknown = vector(norm, 1, 0);
        assertThatThrownBy(() -> Strength.parse("0.45").resolve(unknown)).hasMessage("""
                        The vector does not record the activation norm at its hook point.
                          vector:   blocks.3.hook_resid_post, all-positions
                          strength: 0.45 activation norms
                          try:      a raw multiplier, such as 5abs, or a vector fitted by pintle""");
        assertThat(Strength.parse("5abs").resolve(unknown)).isEqualTo(5);
        assertThat(Strength.parse("5abs").inNorms(unknown)).isEmpty();
        assertThat(Strength.parse("5abs").describe(unknown)).isEqualTo("raw multiplier 5");
    }

    @Test
    void a_strength_that_overflows_is_refused() {
        assertThatThrownBy(() -> Strength.parse("1e38").resolve(vector(10, 1, 0)))
                .hasMessage("""
                        Vector times strength is out of range for FP32.
                          vector:   blocks.3.hook_resid_post, 1.0 long
                          strength: 1.0E38""");
        assertThatThrownBy(() -> Strength.parse("1e39abs").resolve(vector(10, 1, 0)))
                .hasMessageStartingWith("Vector times strength is out of range");
        assertThat(Strength.parse("1e38abs").resolve(vector(10, 1, 0))).isEqualTo(1e38);
    }

    @Test
    void both_units_are_told() {
        assertThat(Strength.parse("0.45").describe(vector(10.88, 1, 0)))
                .isEqualTo("0.45 activation norms (raw multiplier 4.896)");
        assertThat(Strength.parse("-5abs").describe(vector(10, 1, 0)))
                .isEqualTo("-0.5 activation norms (raw multiplier -5)");
        assertThat(Strength.parse("1e-5").describe(vector(10, 1, 0)))
                .isEqualTo("1.00e-05 activation norms (raw multiplier 1.00e-04)");
    }

    @Test
    void in_json_norms_are_a_number_and_a_factor_is_a_text() throws JsonProcessingException {
        ObjectMapper json = new ObjectMapper();
        assertThat(json.writeValueAsString(Strength.norms(0.45))).isEqualTo("0.45");
        assertThat(json.writeValueAsString(Strength.factor(5))).isEqualTo("\"5abs\"");
        assertThat(json.readValue("0.45", Strength.class)).isEqualTo(Strength.norms(0.45));
        assertThat(json.readValue("2", Strength.class)).isEqualTo(Strength.norms(2));
        assertThat(json.readValue("\"0.45\"", Strength.class)).isEqualTo(Strength.norms(0.45));
        assertThat(json.readValue("\"5abs\"", Strength.class)).isEqualTo(Strength.factor(5));
    }
}
