package dev.pintle.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class WordsTest {
    @Test
    void shares_have_a_digit_after_the_point_only_where_they_are_small() {
        assertThat(Words.percent(5.8)).isEqualTo("580%");
        assertThat(Words.percent(0.0834)).isEqualTo("8.3%");
        assertThat(Words.percent(0)).isEqualTo("0%");
        assertThat(Words.percent(Double.NaN)).isEqualTo("–");
        assertThat(Words.percent(Double.POSITIVE_INFINITY)).isEqualTo("∞");
    }

    @Test
    void a_number_is_never_minus_nothing_and_large_ones_are_grouped() {
        assertThat(Words.number(-0.0001)).isEqualTo("0.000");
        assertThat(Words.number(-0.25, 1)).isEqualTo("-0.3");
        assertThat(Words.number(1_205_489.5, 1)).isEqualTo("1,205,490");
        assertThat(Words.number(Double.NaN)).isEqualTo("–");
        assertThat(Words.signed(5.666, 2)).isEqualTo("+5.67");
    }

    @Test
    void things_are_counted_and_listed_as_one_says_them() {
        assertThat(Words.count(1, "latent")).isEqualTo("1 latent");
        assertThat(Words.count(44_870, "latent")).isEqualTo("44,870 latents");
        assertThat(Words.and(List.of("a", "b", "c"))).isEqualTo("a, b and c");
        assertThat(Words.and(List.of("a"))).isEqualTo("a");
        assertThat(Words.and(List.of())).isEmpty();
        assertThat(Words.latent(7, "")).isEqualTo("latent 7");
        assertThat(Words.latent(7, "pirates")).isEqualTo("latent 7 (“pirates”)");
    }
}
