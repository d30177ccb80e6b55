package dev.pintle.steering;

import static dev.pintle.testkit.TensorAssert.assertThatVec;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.pintle.model.LanguageModel;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.Vec;
import dev.pintle.testkit.Tolerance;
import dev.pintle.transformer.HookPoint;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("any-java")
class DirectionsTest {
    private static LanguageModel model;

    @BeforeAll
    static void load() {
        model = Parley.load();
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private static final Contrast METHOD = Contrast.lastPosition(Parley.prefixed(Parley.STYLE));

    private static VectorFit fit() {
        return VectorFit.of(model, METHOD).at(Parley.AT);
    }

    @Test
    void reading_and_aggregating_apart_gives_the_vector_of_a_fit() {
        for (String name : List.of("mean", "pca-centred", "logistic-probe")) {
            Aggregation aggregation = Aggregation.parse(name);
            SteeringVector fitted = SteeringVector.fit(model, Parley.AT, METHOD.withAggregation(aggregation));
            try (FitReading read = fit().read()) {
                assertThat(read.at(Parley.AT).aggregate(aggregation)).isEqualTo(fitted);
            }
        }
    }

    @Test
    void the_rows_are_the_directions_that_plain_reading_finds() {
        List<double[]> plain = PlainReader.directions(model, Parley.AT, METHOD);
        try (FitReading read = fit().read();
                TensorScope scope = TensorScope.open("rows")) {
            Tensor rows = read.at(Parley.AT).rows();
            assertThat(rows.shape().toArray())
                    .containsExactly(plain.size(), model.config().dModel());
            assertThat(read.at(Parley.AT).count()).isEqualTo(plain.size());
            for (int i = 0; i < plain.size(); i++) {
                assertThatVec(rows.select(0, i).toVec()).isCloseTo(Vec.of(plain.get(i)), Tolerance.ACTIVATIONS_FP32);
            }
        }
    }

    @Test
    void an_aggregation_of_a_tensor_is_that_of_the_reading_up_to_its_length() {
        Aggregation component = Aggregation.parse("pca-uncentred");
        try (FitReading read = fit().read();
                TensorScope scope = TensorScope.open("rows")) {
            Directions directions = read.at(Parley.AT);
            Vec own = component.of(directions.rows());
            assertThatVec(own.unit()).isCloseTo(directions.aggregate(component).direction(), Tolerance.VECTORS_FP32);
            SteeringVector mine = directions.vector(own, "my own component");
            assertThat(mine.origin().method().aggregation()).isEqualTo("my own component");
            assertThat(mine.origin().data())
                    .isEqualTo(directions.aggregate(component).origin().data());
            assertThat(mine.direction().norm()).isCloseTo(1, within(1e-6));
        }
    }

    @Test
    void a_place_that_was_not_read_is_refused_with_those_that_were() {
        try (FitReading read = fit().read()) {
            assertThatThrownBy(() -> read.at(HookPoint.residPost(1))).hasMessage("""
                            Nothing was read at this hook point.
                              asked for: blocks.1.hook_resid_post
                              read:      [blocks.3.hook_resid_post]""");
        }
    }

    @Test
    void directions_beyond_those_kept_serve_the_aggregations_they_were_summed_for() {
        List<double[]> rows = new ArrayList<>();
        Random random = new Random(3);
        for (int i = 0; i < DirectionStream.KEPT + 1; i++) {
            rows.add(random.doubles(4).toArray());
        }
        Origin origin = Origin.unknown(model.id(), "last-position", "");
        try (DirectionStream stream = Streams.of(rows, Aggregation.mean(), 1)) {
            Directions directions = new Directions(Parley.AT, stream, origin);
            assertThat(directions.aggregate(Aggregation.mean()).dModel()).isEqualTo(4);
            assertThatThrownBy(() -> directions.aggregate(Aggregation.parse("pca-centred")))
                    .hasMessage("""
                            There were too many directions to keep, so they were summed for another aggregation.
                              directions: 2049
                              kept:       2048
                              asked for:  pca-centred
                              try:        reading with a method that uses this aggregation""");
        }
    }
}
