package dev.pintle.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class SweepResultTest {
    /** A point whose samples have these concepts; of those below 0 the answer loops and the concept is the magnitude. */
    private static SweepPoint point(String method, double strength, double divergence, double... concepts) {
        List<SweepPoint.Sample> samples = new ArrayList<>();
        for (int i = 0; i < concepts.length; i++) {
            samples.add(new SweepPoint.Sample(
                    "q" + i,
                    "text",
                    Score.ofText(Math.abs(concepts[i])),
                    new SweepPoint.Fluency(2, 0, concepts[i] < 0),
                    divergence,
                    ""));
        }
        return new SweepPoint(method, strength == 0 ? -1 : 3, strength, 10 * strength, samples);
    }

    private static SweepResult result(SweepPoint... points) {
        return new SweepResult("test", List.of(points), true);
    }

    @Test
    void repetition_is_the_share_of_runs_that_came_before() {
        assertThat(Repetition.of("one two three four five")).isZero();
        assertThat(Repetition.of("a b c a b c a b c")).isCloseTo(4.0 / 7, within(1e-9));
        assertThat(Repetition.of("ho ho ho ho ho ho")).isEqualTo(0.75);
        assertThat(Repetition.of("")).isZero();
    }

    @Test
    void the_cheapest_setting_that_is_not_clearly_below_the_best_is_proposed() {
        SweepPoint cheap = point("a", 0.3, 1, 1, 1, 1, 0, 1, 1, 1, 1);
        SweepPoint best = point("a", 0.6, 3, 1, 1, 1, 1, 1, 1, 1, 0.9);
        SweepPoint weak = point("a", 0.1, 0.1, 0, 0, 0, 0, 0, 0, 1, 0);
        SweepResult.Proposal proposal = result(point("", 0, 0, new double[8]), weak, cheap, best)
                .proposal()
                .orElseThrow();
        assertThat(proposal.best()).isEqualTo(best);
        assertThat(proposal.point()).isEqualTo(best); // 0.875 is more than a tenth below 0.9875
        SweepPoint even = point("a", 0.3, 1, 1, 1, 1, 0, 1, 1, 1, 1);
        SweepPoint little = point("b", 0.6, 3, 1, 1, 1, 1, 1, 1, 1, 0);
        SweepResult.Proposal other =
                result(point("", 0, 0, new double[8]), even, little).proposal().orElseThrow();
        assertThat(other.point()).isEqualTo(even);
        SweepPoint more = point("b", 0.6, 3, 1, 1, 1, 1, 1, 1, 1, 0.1);
        SweepResult.Proposal third =
                result(point("", 0, 0, new double[8]), even, more).proposal().orElseThrow();
        assertThat(third.point()).isEqualTo(even);
        assertThat(third.sentences())
                .containsExactly(
                        "Add a after block 3 at strength 0.30, in activation norms (raw multiplier 3.00).",
                        "There the concept scores 0.88 (95%: 0.53 to 0.98, 8 questions), unsteered 0.00; 0% of answers loop.",
                        "The highest score, 0.89 with b after block 3 at 0.60, is not clearly above it and moves the model 3.0"
                                + " times as far (KL 3.000 against 1.000 nats per token).");
    }

    @Test
    void what_loops_is_not_proposed() {
        SweepPoint loops = point("a", 1, 5, 1, 1, 1, -1);
        SweepPoint sound = point("a", 0.3, 1, 0.5, 0.5, 0.5, 0.5);
        assertThat(result(point("", 0, 0, 0, 0, 0, 0), sound, loops)
                        .proposal()
                        .orElseThrow()
                        .point())
                .isEqualTo(sound);
        assertThat(result(point("", 0, 0, 0, 0, 0, 0), loops).proposal()).isEmpty();
        assertThat(result(point("", 0, 0, 0.5, 0.5, 0.5, 0.5), sound).proposal())
                .isEmpty();
    }

    @Test
    void slopes_are_those_of_least_squares_and_tell_who_moves_the_wrong_way() {
        SweepResult.Steerability one = result(
                        point("", 0, 0, 0.1, 0.5, 0.3),
                        point("a", 0.5, 1, 0.3, 0.4, 0.3),
                        point("a", 1.0, 2, 0.5, 0.3, 0.9),
                        point("a", 2.0, 3, -0.9, -0.9, -0.9))
                .steerability()
                .get(0);
        assertThat(one.slopes()[0]).isCloseTo(0.4, within(1e-9));
        assertThat(one.slopes()[1]).isCloseTo(-0.2, within(1e-9));
        assertThat(one.slopes()[2]).isCloseTo(0.6, within(1e-9));
        assertThat(one.antiSteerable()).isCloseTo(1.0 / 3, within(1e-9));
    }

    @Test
    void slopes_that_all_agree_still_leave_room_for_questions_not_asked() {
        double[] none = new double[12];
        double[] all = new double[12];
        Arrays.fill(all, 1);
        Interval slope = result(point("", 0, 0, none), point("a", 0.3, 1, all))
                .steerability()
                .get(0)
                .mean();
        assertThat(slope.mean()).isCloseTo(1 / 0.3, within(1e-9));
        assertThat(slope.range(2)).isEqualTo("1.62 to 3.33");
    }

    @Test
    void the_unsteered_model_is_known_to_differ_from_itself_in_nothing() {
        assertThat(point("", 0, 0, 1, 0).divergence()).isEqualTo(new Interval(0, 0, 0, 2));
    }

    @Test
    void vectors_are_compared_between_their_points_along_log_kl() {
        List<SweepResult.EqualCost> levels = result(
                        point("", 0, 0, 0),
                        point("a", 1, 1, 0.2),
                        point("a", 2, 16, 1.0),
                        point("b", 1, 2, 0.4),
                        point("b", 2, 8, 0.6))
                .equalCost();
        assertThat(levels.stream()
                        .mapToDouble(SweepResult.EqualCost::divergence)
                        .toArray())
                .containsExactly(new double[] {1, 1.6818, 2.8284, 4.7568, 8}, within(0.001));
        assertThat(levels.get(0).concepts().get("a, layer 3")).isCloseTo(0.2, within(1e-9));
        assertThat(levels.get(0).concepts().get("b, layer 3")).isCloseTo(0.2, within(1e-9)); // half way to 2
        assertThat(levels.get(2).concepts().get("a, layer 3")).isCloseTo(0.2 + 0.8 * 1.5 / 4, within(1e-9));
        assertThat(levels.get(2).concepts().get("b, layer 3")).isCloseTo(0.45, within(1e-9));
        assertThat(levels.get(4).concepts().get("b, layer 3")).isCloseTo(0.6, within(1e-9));
        assertThat(result(point("", 0, 0, 0), point("a", 1, 1, 0.2)).equalCost())
                .isEmpty();
    }

    @Test
    void a_curve_begins_with_the_unsteered_point_and_rises() {
        SweepResult.Curve curve = result(point("", 0, 0, 0), point("a", 2, 2, 1), point("a", 1, 1, 0.5))
                .curves()
                .get(0);
        assertThat(curve.points().stream().mapToDouble(SweepPoint::strength).toArray())
                .containsExactly(0, 1, 2);
        assertThat(Arrays.asList(curve.name())).containsExactly("a, layer 3");
    }
}
