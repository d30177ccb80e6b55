package dev.pintle.steering;

import static dev.pintle.testkit.TensorAssert.assertThatVec;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.pintle.model.LanguageModel;
import dev.pintle.tensor.Vec;
import dev.pintle.tensor.io.Checkpoint;
import dev.pintle.testkit.Tolerance;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@Tag("any-java")
class AggregationTest {
    private static final Map<String, Aggregation> COMPONENTS = Map.of(
            "pca_reconstructed_mean", new Aggregation.PcaReconstructedMean(),
            "pca_centred", new Aggregation.FirstPrincipalComponent(),
            "pca_uncentred", new Aggregation.UncentredFirstComponent(),
            "pca_paired", new Aggregation.PairedPca());

    private static LanguageModel model;
    private static Checkpoint tensors;

    @BeforeAll
    static void load() {
        model = Parley.load();
        tensors = Parley.tensors();
    }

    @AfterAll
    static void close() {
        tensors.close();
        model.close();
    }

    static List<String> styles() {
        return Parley.styles();
    }

    private static DirectionStream.Aggregated aggregate(List<double[]> rows, Aggregation aggregation) {
        return Streams.aggregate(rows, aggregation);
    }

    @ParameterizedTest
    @MethodSource("styles")
    void components_of_given_directions_match_scikit_learn(String style) {
        JsonNode facts = Parley.FACTS.at("/styles/" + style);
        int first = facts.get("first_difference").asInt();
        List<double[]> within = Parley.rows(tensors, "directions." + style, first);
        List<double[]> last = Parley.rows(tensors, "last_directions." + style, 0);
        COMPONENTS.forEach((name, aggregation) -> {
            assertThatVec(Vec.of(aggregate(within, aggregation).vector()).unit())
                    .as(name)
                    .isCloseTo(Parley.vector(tensors, style, name), Tolerance.VECTORS_FP32);
            assertThatVec(Vec.of(aggregate(last, aggregation).vector()).unit())
                    .as("last_" + name)
                    .isCloseTo(Parley.vector(tensors, style, "last_" + name), Tolerance.VECTORS_FP32);
        });
        assertThat(aggregate(within, new Aggregation.FirstPrincipalComponent()).explained())
                .isCloseTo(facts.get("explained").asDouble(), within(1e-6));
        assertThat(aggregate(within, new Aggregation.UncentredFirstComponent()).explained())
                .isCloseTo(facts.get("explained_uncentred").asDouble(), within(1e-6));
        assertThat(aggregate(last, new Aggregation.FirstPrincipalComponent()).explained())
                .isCloseTo(facts.get("last_explained").asDouble(), within(1e-6));
    }

    @ParameterizedTest
    @MethodSource("styles")
    void components_read_from_the_model_match_the_reference(String style) {
        COMPONENTS.forEach((name, aggregation) -> {
            SteeringVector within = SteeringVector.fit(
                    model,
                    Parley.AT,
                    Contrast.firstDifference(Parley.pair(style)).withAggregation(aggregation));
            SteeringVector last = SteeringVector.fit(
                    model,
                    Parley.AT,
                    Contrast.lastPosition(Parley.prefixed(style))
                            .withLengths(Contrast.Lengths.AS_READ)
                            .withAggregation(aggregation));
            assertThatVec(within.direction())
                    .as(name)
                    .isCloseTo(Parley.vector(tensors, style, name), Tolerance.VECTORS_FP32);
            assertThatVec(last.direction())
                    .as("last_" + name)
                    .isCloseTo(Parley.vector(tensors, style, "last_" + name), Tolerance.VECTORS_FP32);
        });
    }

    @Test
    void the_mean_of_pca_reconstructions_is_the_mean() {
        List<double[]> rows = random(40, 16, 3);
        assertThatVec(Vec.of(
                        aggregate(rows, new Aggregation.PcaReconstructedMean()).vector()))
                .isCloseTo(Vec.of(aggregate(rows, Aggregation.mean()).vector()), 1e-6);
    }

    @Test
    void many_directions_give_the_component_of_few_through_their_covariance() {
        List<double[]> rows = random(DirectionStream.KEPT + 900, 24, 5);
        double[][] gram = new double[24][24]; // of the columns: the covariance, by hand
        double[] mean = new double[24];
        rows.forEach(row -> Arrays.setAll(mean, i -> mean[i] + row[i] / rows.size()));
        for (double[] row : rows) {
            for (int i = 0; i < 24; i++) {
                for (int j = 0; j < 24; j++) {
                    gram[i][j] += (row[i] - mean[i]) * (row[j] - mean[j]) / rows.size();
                }
            }
        }
        Eigen.Leading expected = Eigen.leading(gram);
        DirectionStream.Aggregated streamed = aggregate(rows, new Aggregation.FirstPrincipalComponent());
        assertThat(Math.abs(Eigen.dot(streamed.vector(), expected.vector()))).isCloseTo(1, within(1e-9));
        assertThat(streamed.explained()).isCloseTo(expected.share(), within(1e-9));
    }

    @Test
    void the_randomised_iteration_finds_what_the_rotations_find() {
        int n = Eigen.EXACT + 44;
        List<double[]> rows = random(n, n + 20, 7);
        double[][] gram = new double[n][n];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                gram[i][j] = Eigen.dot(rows.get(i), rows.get(j));
            }
        }
        Eigen.Leading leading = Eigen.leading(gram);
        double[] image = Eigen.times(gram, leading.vector());
        double value = Eigen.dot(image, leading.vector());
        for (int i = 0; i < n; i++) {
            assertThat(image[i]).isCloseTo(value * leading.vector()[i], within(1e-6 * value));
        }
    }

    @Test
    void a_strongly_penalised_probe_is_the_mean_and_a_weak_one_separates() {
        List<double[]> rows = random(60, 20, 11);
        double[] mean = aggregate(rows, Aggregation.mean()).vector();
        double[] stiff = aggregate(rows, new Aggregation.LogisticProbe(1e6)).vector();
        assertThat(Vec.of(stiff).cosine(Vec.of(mean))).isCloseTo(1, within(1e-6));
        double[] loose = aggregate(rows, new Aggregation.LogisticProbe(1e-3)).vector();
        long right = rows.stream().filter(row -> Eigen.dot(row, loose) > 0).count();
        long rightOfMean = rows.stream().filter(row -> Eigen.dot(row, mean) > 0).count();
        assertThat(right).isGreaterThanOrEqualTo(rightOfMean);
    }

    @Test
    void every_aggregation_points_toward_the_positive_prompts() {
        List<double[]> rows = random(30, 12, 13);
        double[] mean = aggregate(rows, Aggregation.mean()).vector();
        for (String name : List.of(
                "mean", "pca-reconstructed-mean", "pca-centred", "pca-uncentred", "pca-paired", "logistic-probe")) {
            assertThat(Eigen.dot(aggregate(rows, Aggregation.parse(name)).vector(), mean))
                    .as(name)
                    .isNotNegative();
        }
    }

    @Test
    void an_unknown_aggregation_is_refused_with_the_list() {
        assertThatThrownBy(() -> Aggregation.parse("pca")).hasMessage("""
                        There is no such aggregation.
                          but was: pca
                          choose:  mean, pca-reconstructed-mean, pca-centred, pca-uncentred, pca-paired, logistic-probe, logistic-probe:PENALTY""");
    }

    private static List<double[]> random(int n, int width, long seed) {
        Random random = new Random(seed);
        List<double[]> rows = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            double[] row = new double[width];
            Arrays.setAll(row, j -> random.nextGaussian() * (j == 2 ? 3 : 1) + (j == 1 ? 0.5 : 0));
            rows.add(row);
        }
        return rows;
    }
}
