package dev.pintle.steering;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.pintle.tensor.Vec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("any-java")
class SplitHalfTest {
    private static final int WIDTH = 24;

    /** Differences of pairs: what they share, of this length, and noise of length about 1. */
    private static List<double[]> pairs(int n, double shared, Random random) {
        List<double[]> rows = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            double[] row = new double[WIDTH];
            Arrays.setAll(row, j -> random.nextGaussian() / Math.sqrt(WIDTH));
            row[0] += shared;
            rows.add(row);
        }
        return rows;
    }

    private static Stability stability(List<double[]> rows, Aggregation aggregation) {
        try (DirectionStream stream = Streams.of(rows, aggregation, 1)) {
            return stream.stability(aggregation);
        }
    }

    @Test
    void halves_of_alike_pairs_agree_and_halves_of_noise_do_not() {
        assertThat(stability(pairs(64, 4, new Random(17)), Aggregation.mean()).splitHalfCosine())
                .isGreaterThan(0.95);
        assertThat(stability(pairs(64, 0, new Random(19)), Aggregation.mean()).splitHalfCosine())
                .isLessThan(0.5);
    }

    @Test
    void the_interval_holds_the_cosine_for_every_aggregation() {
        for (String name : List.of(
                "mean", "pca-reconstructed-mean", "pca-centred", "pca-uncentred", "pca-paired", "logistic-probe")) {
            for (int n : new int[] {4, 8, 9, 40}) {
                for (double shared : new double[] {0, 0.5, 20}) {
                    Stability found = stability(pairs(n, shared, new Random(n)), Aggregation.parse(name));
                    boolean told = n >= 8 || SplitHalf.adds(Aggregation.parse(name));
                    assertThat(Double.isNaN(found.low())).isNotEqualTo(told);
                    if (!told) {
                        continue;
                    }
                    assertThat(found.splitHalfCosine())
                            .as(name + " of " + n + " with " + shared)
                            .isBetween(found.low(), found.high());
                    assertThat(found.high()).isLessThanOrEqualTo(1);
                    assertThat(found.low()).isGreaterThanOrEqualTo(-1);
                }
            }
        }
    }

    @Test
    void leaving_a_pair_out_of_sums_is_leaving_it_out_of_the_data() {
        List<double[]> rows = pairs(7, 0.7, new Random(23));
        double[][] gram = new double[7][7];
        for (int i = 0; i < 7; i++) {
            for (int j = 0; j < 7; j++) {
                gram[i][j] = Eigen.dot(rows.get(i), rows.get(j));
            }
        }
        int[] order = {3, 0, 6, 2, 5, 1, 4};
        double[] quick = new SplitHalf(gram, Aggregation.mean()).withoutEach(new int[][] {order});
        for (int left = 0; left < 7; left++) {
            double[] one = new double[WIDTH];
            double[] other = new double[WIDTH];
            for (int place = 0; place < 7; place++) {
                double[] sum = place < 3 ? one : other;
                double[] row = rows.get(order[place]);
                if (order[place] != left) {
                    Arrays.setAll(sum, i -> sum[i] + row[i]);
                }
            }
            double cosine = Vec.of(one).cosine(Vec.of(other));
            assertThat(Math.tanh(quick[left])).as("without " + left).isCloseTo(cosine, within(1e-6));
        }
    }

    @Test
    void the_interval_holds_the_true_cosine_as_often_as_it_says() {
        for (double shared : new double[] {0.4, 1}) {
            Random random = new Random(29);
            double truth = 0;
            for (int i = 0; i < 300; i++) {
                truth +=
                        stability(pairs(20, shared, random), Aggregation.mean()).splitHalfCosine() / 300;
            }
            int held = 0;
            for (int i = 0; i < 300; i++) {
                Stability found = stability(pairs(20, shared, random), Aggregation.mean());
                held += found.low() <= truth && truth <= found.high() ? 1 : 0;
            }
            assertThat(held / 300.0).as("shared " + shared).isBetween(0.91, 0.99);
        }
    }

    @Test
    void directions_that_are_all_equal_have_no_interval() {
        List<double[]> equal = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            equal.add(new double[] {1, 2, 3});
        }
        Stability found = stability(equal, Aggregation.mean());
        assertThat(found.splitHalfCosine()).isCloseTo(1, within(1e-12));
        assertThat(found.text()).isEqualTo("1.000");
    }

    @Test
    void an_interval_of_another_number_is_left_out() {
        assertThat(new Stability(0.987, 0.954, 0.986).text()).isEqualTo("0.987");
        assertThat(new Stability(0.987, 0.954, 0.994).text()).isEqualTo("0.987 (95%: 0.954 to 0.994)");
        assertThat(new Stability(0.99999, 0.99998, 0.999995).text()).isEqualTo("1.000 (95%: 0.99998 to 1.00000)");
    }

    @Test
    void students_quantile_is_that_of_the_tables() {
        assertThat(SplitHalf.student(3)).isCloseTo(3.182, within(0.01));
        assertThat(SplitHalf.student(4)).isCloseTo(2.776, within(0.005));
        assertThat(SplitHalf.student(9)).isCloseTo(2.262, within(0.001));
        assertThat(SplitHalf.student(59)).isCloseTo(2.001, within(0.001));
    }
}
