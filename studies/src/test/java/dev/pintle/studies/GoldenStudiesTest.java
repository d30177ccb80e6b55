package dev.pintle.studies;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.Progress;
import dev.pintle.model.LanguageModel;
import dev.pintle.sae.SparseAutoencoder;
import dev.pintle.sae.labels.LatentLabels;
import dev.pintle.study.EncodedVector;
import dev.pintle.study.FittedVector;
import dev.pintle.study.LatentSpread.LatentValue;
import dev.pintle.study.Study;
import dev.pintle.study.StudyJson;
import dev.pintle.study.StudyPresets;
import dev.pintle.study.StudyResult;
import dev.pintle.study.StudyStage;
import dev.pintle.study.StudySubject;
import dev.pintle.study.StudyVector;
import dev.pintle.study.TextWriter;
import dev.pintle.study.base.BaseResult;
import dev.pintle.study.base.BaseStudy;
import dev.pintle.study.doubledecode.DoubleDecodeCaa;
import dev.pintle.study.doubledecode.DoubleDecodeResult;
import dev.pintle.study.steeringlatents.SteeringLatents;
import dev.pintle.study.steeringlatents.SteeringLatentsResult;
import dev.pintle.study.viasae.ViaSaeResult;
import dev.pintle.study.viasae.ViaSaeSteering;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.testkit.Golden;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What the studies find, beside the reference. */
class GoldenStudiesTest {
    private static final double RELATIVE = 1e-4;
    private static final JsonNode EXPECTED = Golden.json("studies.json");
    private static final JsonNode VECTORS = Golden.json("vectors.json");

    private static LanguageModel model;
    private static SparseAutoencoder sae;
    private static LatentLabels labels;

    @TempDir
    private Path folder = Path.of("");

    @BeforeAll
    static void load() {
        model = LanguageModel.load(Golden.parley().toString(), Device.CPU, DType.FP32);
        sae = SparseAutoencoder.load(Golden.parley().resolve("parley-7m-sae-l3.pth"), Device.CPU);
        labels = LatentLabels.read(Golden.parley().resolve("labels.jsonl"));
    }

    @AfterAll
    static void close() {
        sae.close();
        model.close();
    }

    static Stream<String> styles() {
        List<String> names = new ArrayList<>();
        EXPECTED.get("styles").fieldNames().forEachRemaining(names::add);
        return names.stream();
    }

    private StudySubject subject(String style) {
        ObjectNode settings = StudyPresets.embedded(Golden.parley(), style);
        settings.set("positive", VECTORS.at("/styles/" + style + "/positive"));
        settings.set("prefixes", VECTORS.get("prefixes"));
        settings.set("sequence_question", Golden.json("generate.json").at("/0/messages/0/content"));
        settings.put("max_new_tokens", 32);
        return new StudySubject(
                model,
                sae,
                wanted -> {
                    Map<Integer, String> found = new LinkedHashMap<>();
                    wanted.forEach(latent -> labels.label(latent).ifPresent(label -> found.put(latent, label)));
                    return found;
                },
                StudyPresets.settings(StudyPresets.common(), settings),
                folder);
    }

    private <R extends StudyResult> R run(Study<R> study, StudySubject subject) {
        R result = study.run(subject, new TextWriter(subject), Progress.SILENT);
        StudyStage<R> kept = StudyStage.read(study, new StudyStage<>(study, 1, result).json(), "test");
        assertThat(StudyJson.text(kept.result())).isEqualTo(StudyJson.text(result));
        return kept.result();
    }

    @Test
    void a_vector_is_fitted_once_however_often_its_method_is_named() {
        StudySubject subject = subject(styles().findFirst().orElseThrow());
        for (StudyVector method : StudyVector.values()) {
            assertThat(subject.vector(method)).isSameAs(subject.vector(method));
        }
        assertThat(subject.vector(StudyVector.ALL_POSITIONS)).isNotEqualTo(subject.vector(StudyVector.LAST_POSITION));
    }

    @ParameterizedTest
    @MethodSource("styles")
    void vectors_taken_apart_match_the_reference(String style) {
        BaseResult result = run(new BaseStudy(), subject(style));
        assertClose(result.decoderBiasNorm(), EXPECTED.get("decoder_bias_norm"));
        assertThat(result.zeroActive())
                .isEqualTo(EXPECTED.get("encode_zero_active").asInt());
        assertThat(result.neutral())
                .isEqualTo(VECTORS.at("/styles/" + style + "/neutral").asText());
        assertThat(result.tokens())
                .isEqualTo(VECTORS.at("/styles/" + style + "/tokens").asInt());
        List<StudyVector> methods = List.of(StudyVector.values());
        for (int i = 0; i < methods.size(); i++) {
            FittedVector vector = result.vectors().get(i);
            JsonNode expected = at(style, methods.get(i).label().replace('-', '_'));
            assertEncoded(vector.encoded(), expected, "");
            assertClose(vector.encoded().reconstructionNorm(), expected.get("reconstruction_norm"));
            assertClose(vector.encoded().cosineReconstruction(), expected.get("cosine_reconstruction"));
            assertEncoded(vector.scaled(), expected, "scaled_");
        }
    }

    private static void assertEncoded(EncodedVector encoded, JsonNode expected, String prefix) {
        assertThat(encoded.latents().active())
                .isEqualTo(expected.get(prefix + "active").asInt());
        assertTop(encoded.latents().top(), expected.get(prefix + "top"));
        assertClose(encoded.relativeError(), expected.get(prefix + "relative_error"));
        assertClose(encoded.relativeErrorWithoutBias(), expected.get(prefix + "relative_error_without_bias"));
    }

    @ParameterizedTest
    @MethodSource("styles")
    void steered_latents_and_cosines_along_a_text_match_the_reference(String style) {
        SteeringLatentsResult result = run(new SteeringLatents(0.01, 16.0 / 12), subject(style));
        JsonNode expected = at(style, "steered_latents");
        assertClose(result.coefficient(), expected.get("coefficient"));
        assertThat(result.errors().ids()).containsExactly(Golden.ids(expected.get("ids")));
        assertClose(result.errors().relativeError(), expected.get("relative_error"));
        assertClose(result.errors().steeredRelativeError(), expected.get("steered_relative_error"));
        assertClose(result.errors().errorCosine(), expected.get("error_cosine"));
        assertClose(result.errors().runningMeanRatio(), expected.get("running_mean_ratio"));
        assertTop(result.raised(), expected.get("difference_top"));
        assertThat(result.difference().active())
                .isEqualTo(expected.get("difference_active").asInt());
        double cosine = expected.get("cosine_with_vector_latents").asDouble();
        if (Double.isNaN(cosine)) {
            assertThat(result.cosineWithVectorLatents()).isNaN();
        } else {
            assertThat(result.cosineWithVectorLatents()).isCloseTo(cosine, within(RELATIVE));
        }
        JsonNode along = at(style, "along_sequence");
        assertThat(result.along().ids()).containsExactly(Golden.ids(along.get("ids")));
        assertThat(result.along().answerFrom())
                .isEqualTo(along.get("answer_from").asInt());
        assertClose(result.along().vector(), along.get("vector"));
        assertClose(result.along().reconstruction(), along.get("reconstruction"));
        assertClose(result.along().error(), along.get("error"));
    }

    @ParameterizedTest
    @MethodSource("styles")
    void a_vector_from_a_latent_matches_the_reference(String style) {
        ViaSaeResult result = run(new ViaSaeSteering(1.2), subject(style));
        JsonNode expected = at(style, "from_latent");
        assertThat(result.latent()).isEqualTo(expected.get("latent").asInt());
        assertThat(result.label()).isEqualTo(expected.get("label").asText());
        assertThat(result.encoded().latents().active())
                .isEqualTo(expected.get("active").asInt());
        assertClose(result.cosineWithDecoderColumn(), expected.get("cosine_with_decoder_column"));
        assertClose(result.encoded().relativeError(), expected.get("relative_error"));
        assertClose(result.encoded().relativeErrorWithoutBias(), expected.get("relative_error_without_bias"));
        assertClose(result.encoded().shareOfTarget(), expected.get("share_of_target"));
        assertClose(result.cosineWithVector(), expected.get("cosine_with_after_last_difference"));
    }

    @ParameterizedTest
    @MethodSource("styles")
    void decoding_twice_matches_the_reference(String style) {
        DoubleDecodeResult.Twice result =
                run(new DoubleDecodeCaa(8.0 / 12), subject(style)).vector();
        JsonNode expected = at(style, "double_decode");
        assertClose(result.firstRelativeError(), expected.get("first_relative_error"));
        assertClose(result.secondRelativeError(), expected.get("second_relative_error"));
        assertClose(result.fromStartRelativeError(), expected.get("from_start_relative_error"));
        assertThat(result.changedLatents())
                .isEqualTo(expected.get("changed_latents").asInt());
        assertTop(result.largestChanges(), expected.get("largest_changes"));
    }

    // ---------------------------------------------------------------- comparing

    private static JsonNode at(String style, String part) {
        return EXPECTED.at("/styles/" + style + "/" + part);
    }

    private static void assertClose(double actual, JsonNode expected) {
        assertThat(actual)
                .isCloseTo(expected.asDouble(), within(RELATIVE * Math.max(1e-2, Math.abs(expected.asDouble()))));
    }

    /** Close relative to the largest element. */
    private static void assertClose(float[] actual, JsonNode expected) {
        assertThat(actual).hasSize(expected.size());
        double largest = IntStream.range(0, expected.size())
                .mapToDouble(i -> Math.abs(expected.get(i).asDouble()))
                .max()
                .orElse(0);
        for (int i = 0; i < expected.size(); i++) {
            assertThat((double) actual[i]).isCloseTo(expected.get(i).asDouble(), within(RELATIVE * largest));
        }
    }

    private static void assertTop(List<LatentValue> actual, JsonNode expected) {
        List<LatentValue> sorted = actual.stream()
                .sorted(Comparator.comparingDouble((LatentValue value) -> -Math.abs(value.value())))
                .limit(expected.size())
                .toList();
        assertThat(sorted).hasSize(expected.size());
        for (int i = 0; i < expected.size(); i++) {
            JsonNode pair = expected.get(i);
            assertClose(sorted.get(i).value(), pair.get(1));
            boolean last = i + 1 == expected.size();
            boolean tied = last || near(pair, expected.get(i + 1)) || (i > 0 && near(pair, expected.get(i - 1)));
            if (!tied) {
                assertThat(sorted.get(i).latent()).isEqualTo(pair.get(0).asInt());
            }
        }
    }

    /** Whether rounding may have swapped two of a list. */
    private static boolean near(JsonNode one, JsonNode other) {
        return Math.abs(one.get(1).asDouble() - other.get(1).asDouble()) < RELATIVE;
    }
}
