package dev.pintle.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.pintle.model.Generated.StopReason;
import dev.pintle.tensor.DType;
import dev.pintle.testkit.Golden;
import dev.pintle.testkit.TestDevice;
import dev.pintle.text.Message;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class GeneratorTest {
    private static LanguageModel model;

    @BeforeAll
    static void load() {
        model = LanguageModel.load(Golden.parley().toString(), TestDevice.current(), DType.FP32);
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private static int[] prompt(String user) {
        return model.chatTokens(List.of(Message.user(user)));
    }

    @Test
    void a_seed_draws_the_same_tokens_whatever_else_is_in_the_batch() {
        Decoding decoding = Decoding.sample(24, 1.3, 7).withTopK(50).withTopP(0.95);
        Generated alone = model.generate(prompt("Tell me about the whale."), decoding);
        List<Generated> batch = model.generate(
                List.of(
                        GenerationRequest.of(prompt("Hello!"), Decoding.sample(40, 0.7, 1)),
                        GenerationRequest.of(prompt("Tell me about the whale."), decoding),
                        GenerationRequest.of(prompt("What is 7 plus 12?"), Decoding.greedy(5))),
                GenerationListener.SILENT);
        assertThat(batch.get(1).ids()).isEqualTo(alone.ids());
        assertThat(batch.get(2).ids()).hasSizeLessThanOrEqualTo(5);
    }

    @Test
    void another_seed_draws_other_tokens() {
        int[] prompt = prompt("Tell me about the whale.");
        assertThat(model.generate(prompt, Decoding.sample(24, 1.5, 1)).ids())
                .isNotEqualTo(
                        model.generate(prompt, Decoding.sample(24, 1.5, 2)).ids());
    }

    @Test
    void streamed_pieces_join_to_the_text() {
        StringBuilder streamed = new StringBuilder();
        Generated answer = model.generate(
                        List.of(GenerationRequest.of(prompt("Tell me about the whale."), Decoding.greedy(48))),
                        (row, piece) -> {
                            streamed.append(piece);
                            return true;
                        })
                .get(0);
        assertThat(streamed.toString()).isEqualTo(answer.text()).isNotEmpty();
        assertThat(answer.reason()).isEqualTo(StopReason.STOP_TOKEN);
        assertThat(answer.logProbabilities()).hasSameSizeAs(answer.ids());
        assertThat(java.util.Arrays.stream(answer.logProbabilities()).max().orElse(1))
                .isLessThanOrEqualTo(0);
    }

    @Test
    void a_stop_string_ends_the_text_before_it() {
        Generated answer = model.generate(
                        List.of(new GenerationRequest(
                                prompt("Tell me about the whale."), Decoding.greedy(48), List.of(" blue"))),
                        GenerationListener.SILENT)
                .get(0);
        assertThat(answer.text()).isEqualTo("The whale is");
        assertThat(answer.reason()).isEqualTo(StopReason.STOP_STRING);
    }

    @Test
    void a_listener_stops_the_answer_at_any_token() {
        Generated answer = model.generate(
                        List.of(GenerationRequest.of(prompt("Tell me about the whale."), Decoding.greedy(48))),
                        (row, piece) -> !piece.contains("whale"))
                .get(0);
        assertThat(answer.text()).isEqualTo("The whale");
        assertThat(answer.reason()).isEqualTo(StopReason.CANCELLED);
    }

    @Test
    void settings_out_of_range_are_refused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Decoding.sample(8, 0, 1))
                .withMessage("A decoding setting is out of range.\n  setting:  temperature\n  expected: above 0\n"
                        + "  but was:  0.0");
    }
}
