package dev.pintle.steering;

import static dev.pintle.testkit.TensorAssert.assertThatVec;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.pintle.model.LanguageModel;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.Vec;
import dev.pintle.tensor.io.Checkpoint;
import dev.pintle.tensor.io.SafeTensors;
import dev.pintle.testkit.Golden;
import dev.pintle.testkit.TestDevice;
import dev.pintle.testkit.Tolerance;
import dev.pintle.transformer.HookPoint;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class GoldenVectorsTest {
    private static final JsonNode EXPECTED = Golden.json("vectors.json");
    private static final HookPoint AT =
            HookPoint.residPost(EXPECTED.get("layer").asInt());

    private static LanguageModel model;
    private static Checkpoint tensors;

    @BeforeAll
    static void load() {
        model = LanguageModel.load(Golden.parley().toString(), TestDevice.current(), DType.FP32);
        tensors = SafeTensors.open(Golden.folder().resolve("parley.safetensors"));
    }

    @AfterAll
    static void close() {
        tensors.close();
        model.close();
    }

    static List<String> styles() {
        List<String> styles = new ArrayList<>();
        EXPECTED.get("styles").fieldNames().forEachRemaining(styles::add);
        return styles;
    }

    private static ContrastPair pair(String style) {
        return ContrastPair.ofSystemPrompts(positive(style), "The assistant should act normally.");
    }

    // the file holds the prompts as padded; the padding is what the tests check
    private static String positive(String style) {
        return EXPECTED.at("/styles/" + style + "/positive").asText().replaceFirst("\\. x*$", ".");
    }

    private static Vec expected(String style, String method) {
        try (TensorScope scope = TensorScope.open("expected")) {
            return tensors.tensor("vector." + style + "." + method).toVec();
        }
    }

    @ParameterizedTest
    @MethodSource("styles")
    void system_prompts_are_padded_as_the_original_does(String style) {
        ContrastPair padded = pair(style).equalised(model.text());
        JsonNode facts = EXPECTED.get("styles").get(style);
        TokenPair tokens = pair(style).tokens(model.text());
        assertThat(padded.positive().messages().get(0).content())
                .isEqualTo(facts.get("positive").asText());
        assertThat(padded.negative().messages().get(0).content())
                .isEqualTo(facts.get("neutral").asText());
        assertThat(tokens.positive().ids()).hasSize(facts.get("tokens").asInt());
        assertThat(tokens.firstDifference())
                .isEqualTo(facts.get("first_difference").asInt());
        assertThat(tokens.equalTail()).isEqualTo(facts.get("equal_tail").asInt());
    }

    @ParameterizedTest
    @MethodSource("styles")
    void the_all_positions_vector_matches_the_reference(String style) {
        SteeringVector vector = SteeringVector.fit(model, AT, Contrast.allPositions(pair(style)));
        assertThatVec(vector.direction()).isCloseTo(expected(style, "all_positions"), Tolerance.VECTORS_FP32);
        JsonNode facts = EXPECTED.get("styles").get(style);
        assertThat(vector.origin().measures().normBeforeScaling())
                .isCloseTo(facts.get("mean_norm_before_unit").asDouble(), within(1e-5));
        assertThat(vector.origin().meanActivationNorm())
                .isCloseTo(facts.get("mean_activation_norm").asDouble(), within(1e-4));
    }

    @ParameterizedTest
    @MethodSource("styles")
    void the_vector_after_the_last_difference_matches_the_reference(String style) {
        SteeringVector vector = SteeringVector.fit(model, AT, Contrast.afterLastDifference(pair(style)));
        assertThatVec(vector.direction()).isCloseTo(expected(style, "after_last_difference"), Tolerance.VECTORS_FP32);
    }

    @ParameterizedTest
    @MethodSource("styles")
    void the_last_position_vectors_match_the_reference(String style) {
        List<String> prefixes = new ArrayList<>();
        EXPECTED.get("prefixes").forEach(prefix -> prefixes.add(prefix.asText()));
        List<ContrastPair> pairs =
                ContrastPair.ofPrefixes(positive(style), "The assistant should act normally.", prefixes);
        assertThatVec(SteeringVector.fit(model, AT, Contrast.lastPosition(pairs))
                        .direction())
                .isCloseTo(expected(style, "last_position"), Tolerance.VECTORS_FP32);
        assertThatVec(SteeringVector.fit(model, AT, Contrast.lastPosition(pairs).withLengths(Contrast.Lengths.AS_READ))
                        .direction())
                .isCloseTo(expected(style, "last_position_unnormalised_pairs"), Tolerance.VECTORS_FP32);
    }
}
