package dev.pintle.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Random;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("any-java")
class IntervalTest {
    private static final int QUESTIONS = 12;
    private static final int REPETITIONS = 400;

    @Test
    void all_of_twelve_leave_room_for_a_miss() {
        Interval all = Interval.ofScores(equal(12, 1));
        assertThat(all.mean()).isEqualTo(1);
        assertThat(all.low()).isCloseTo(0.7575, within(1e-4));
        assertThat(all.high()).isEqualTo(1);
        assertThat(all.range(2)).isEqualTo("0.76 to 1.00");
        assertThat(Interval.ofScores(equal(12, 0)).range(2)).isEqualTo("0.00 to 0.24");
        assertThat(Interval.ofShare(1, 1).range(2)).isEqualTo("0.21 to 1.00");
    }

    @Test
    void a_share_has_the_interval_of_the_textbook() {
        // Newcombe 1998, table I: 81 of 263 and 15 of 148, Wilson's method without continuity correction
        assertThat(Interval.ofShare(81, 263).range(4)).isEqualTo("0.2553 to 0.3662");
        assertThat(Interval.ofShare(15, 148).range(4)).isEqualTo("0.0624 to 0.1605");
        assertThat(Interval.ofShare(0, 20).range(4)).isEqualTo("0.0000 to 0.1611");
    }

    @Test
    void ends_that_differ_are_never_written_alike() {
        assertThat(Interval.ofShare(10_000, 10_000).range(2)).isEqualTo("0.9996 to 1.0000");
        assertThat(Interval.ofMean(new double[] {3, 3, 3}).range(2)).isEqualTo("–");
    }

    @Test
    void scores_that_all_agree_have_an_interval_within_their_bounds() {
        for (double score : new double[] {0.9, 0.5, 0.1}) {
            Interval interval = Interval.ofScores(equal(12, score));
            assertThat(interval.mean()).isCloseTo(score, within(1e-12));
            assertThat(interval.low()).isBetween(0.0, score - 0.02);
            assertThat(interval.high()).isBetween(score + 0.02, 1.0);
        }
    }

    @Test
    void what_the_samples_do_not_tell_has_no_interval() {
        assertThat(Interval.ofMean(new double[] {Double.NaN}).samples()).isZero();
        assertThat(Interval.ofMean(new double[] {2}).low()).isNaN();
        assertThat(Interval.ofMean(new double[] {3, 3, 3})).isEqualTo(new Interval(3, Double.NaN, Double.NaN, 3));
        assertThat(Interval.ofScores(new double[0]).mean()).isNaN();
    }

    @Test
    void missing_samples_are_left_out_and_the_same_values_give_the_same_interval() {
        double[] values = {0.2, 0, 1, 1, 1, 0, 1, 0.8, Double.NaN};
        Interval interval = Interval.ofScores(values);
        assertThat(interval.mean()).isCloseTo(0.625, within(1e-12));
        assertThat(interval.samples()).isEqualTo(8);
        assertThat(Interval.ofScores(values)).isEqualTo(interval);
    }

    @Test
    void every_interval_holds_its_mean() {
        Random random = new Random(3);
        for (int i = 0; i < 300; i++) {
            double[] values = random.doubles(1 + random.nextInt(9))
                    .map(u -> Math.rint(u * 4) / 4)
                    .toArray();
            for (Interval interval : new Interval[] {Interval.ofScores(values), Interval.ofMean(values)}) {
                if (!Double.isNaN(interval.low())) {
                    assertThat(interval.mean()).isBetween(interval.low(), interval.high());
                }
            }
            assertThat(Interval.ofScores(values).low()).isNotNaN();
        }
    }

    @Test
    void intervals_hold_the_true_value_as_often_as_they_say() {
        Function<double[], Interval> scores = Interval::ofScores;
        for (double share : new double[] {0.5, 0.9, 0.97}) {
            assertThat(coverage(r -> r.nextDouble() < share ? 1 : 0, share, scores))
                    .as("share " + share)
                    .isGreaterThan(0.92);
        }
        assertThat(coverage(Random::nextDouble, 0.5, scores)).as("even scores").isBetween(0.92, 0.99);
        assertThat(coverage(r -> Math.pow(r.nextDouble(), 0.25), 0.8, scores))
                .as("scores near 1")
                .isBetween(0.92, 0.99);
        assertThat(coverage(r -> r.nextDouble() < 0.1 ? 0 : 0.9, 0.81, scores))
                .as("a rare failure among equal scores")
                .isGreaterThan(0.92);
        assertThat(coverage(Random::nextGaussian, 0, Interval::ofMean))
                .as("normal values")
                .isBetween(0.92, 0.98);
        assertThat(coverage(r -> -Math.log(1 - r.nextDouble()), 1, Interval::ofMean))
                .as("values with a tail")
                .isBetween(0.90, 0.98);
    }

    @Test
    void the_interval_of_many_normal_values_is_that_of_the_textbook() {
        Random random = new Random(5);
        double[] values = random.doubles(400).map(u -> random.nextGaussian()).toArray();
        Interval interval = Interval.ofMean(values);
        assertThat(interval.high() - interval.low()).isCloseTo(2 * 1.96 / Math.sqrt(400), within(0.02));
    }

    /** How often the interval of a dozen draws holds their true mean. */
    private static double coverage(ToDoubleFunction<Random> draw, double truth, Function<double[], Interval> of) {
        Random random = new Random(11);
        int held = 0;
        for (int i = 0; i < REPETITIONS; i++) {
            double[] values = new double[QUESTIONS];
            Arrays.setAll(values, question -> draw.applyAsDouble(random));
            Interval interval = of.apply(values);
            held += interval.low() <= truth && truth <= interval.high() ? 1 : 0;
        }
        return (double) held / REPETITIONS;
    }

    private static double[] equal(int count, double value) {
        double[] values = new double[count];
        Arrays.fill(values, value);
        return values;
    }
}
