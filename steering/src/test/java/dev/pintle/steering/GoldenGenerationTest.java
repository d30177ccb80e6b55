package dev.pintle.steering;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.pintle.model.Decoding;
import dev.pintle.model.Generated;
import dev.pintle.model.LanguageModel;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.Vec;
import dev.pintle.tensor.io.Checkpoint;
import dev.pintle.tensor.io.SafeTensors;
import dev.pintle.testkit.Golden;
import dev.pintle.testkit.TestDevice;
import dev.pintle.text.Message;
import dev.pintle.transformer.HookPoint;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("slow")
class GoldenGenerationTest {
    /** Below this gap between the best two logits, rounding may choose. */
    private static final double CLEAR = 1e-3;

    @Test
    void greedy_generations_match_the_reference_token_for_token() {
        int compared = 0;
        try (LanguageModel model = LanguageModel.load(Golden.parley().toString(), TestDevice.current(), DType.FP32);
                Checkpoint vectors = SafeTensors.open(Golden.folder().resolve("parley.safetensors"))) {
            for (JsonNode expected : Golden.json("generate.json")) {
                if (expected.get("smallest_logit_gap").asDouble() <= CLEAR) {
                    continue;
                }
                String question = expected.at("/messages/0/content").asText();
                boolean steered = expected.hasNonNull("style");
                LanguageModel view = steered ? model.with(add(vectors, expected)) : model;
                Generated written = view.generate(
                        model.chatTokens(java.util.List.of(Message.user(question))),
                        Decoding.greedy(steered ? 32 : 48));
                assertThat(written.ids()).as(expected.toString()).isEqualTo(Golden.ids(expected.get("ids")));
                assertThat(written.text()).isEqualTo(expected.get("text").asText());
                compared++;
            }
        }
        assertThat(compared).isGreaterThan(20);
    }

    private static Add add(Checkpoint vectors, JsonNode expected) {
        try (TensorScope scope = TensorScope.open("vector")) {
            Vec direction = vectors.tensor("vector." + expected.get("style").asText() + "."
                            + expected.get("vector").asText())
                    .toVec();
            return new Add(
                    direction,
                    HookPoint.residPost(expected.get("layer").asInt()),
                    expected.get("coefficient").asDouble());
        }
    }
}
