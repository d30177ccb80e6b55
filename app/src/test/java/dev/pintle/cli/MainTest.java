package dev.pintle.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.pintle.testkit.Golden;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MainTest {
    @TempDir
    Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int pintle(String... args) {
        return Main.run(new PrintWriter(out, true), new PrintWriter(err, true), args);
    }

    @Test
    void help_names_every_command() {
        assertThat(pintle("--help")).isZero();
        assertThat(out.toString()).contains("demo", "generate", "chat", "vector", "doctor", "bench");
    }

    @Test
    void an_unknown_option_is_refused_with_status_2() {
        assertThat(pintle("generate", "--frob")).isEqualTo(2);
        assertThat(err.toString()).contains("--frob");
    }

    @Test
    void generate_answers_as_the_reference_does() throws IOException {
        JsonNode expected = Golden.json("generate.json").get(0);
        assertThat(pintle(
                        "generate",
                        "--user",
                        expected.at("/messages/0/content").asText(),
                        "--max-new-tokens",
                        "48",
                        "--json"))
                .isZero();
        JsonNode answer = new ObjectMapper().readTree(out.toString());
        assertThat(Golden.ids(answer.get("ids"))).isEqualTo(Golden.ids(expected.get("ids")));
        assertThat(answer.get("text").asText()).isEqualTo(expected.get("text").asText());
        assertThat(answer.get("stopped_by").asText()).isEqualTo("stop_token");
        assertThat(answer.get("model").asText()).startsWith("parley-7m@content-");
    }

    @Test
    void a_fitted_vector_steers() {
        Path vector = folder.resolve("pirate.safetensors");
        assertThat(pintle(
                        "vector",
                        "fit",
                        "--layer",
                        "3",
                        "-o",
                        vector.toString(),
                        "--positive",
                        "The assistant should talk like a pirate.",
                        "--negative",
                        "The assistant should act normally."))
                .as(err.toString())
                .isZero();
        assertThat(pintle(
                        "generate",
                        "--user",
                        "Tell me about the whale.",
                        "--vector",
                        vector.toString(),
                        "--strength",
                        "5abs"))
                .as(err.toString())
                .isZero();
        assertThat(out.toString()).contains("Th' whale");
    }

    @Test
    void a_model_that_is_not_there_ends_in_a_sentence_without_a_stack_trace() {
        assertThat(pintle("generate", "--model", folder.resolve("none").toString(), "--user", "Hi"))
                .isEqualTo(1);
        assertThat(err.toString()).startsWith("There is no such model.\n").doesNotContain("\tat ");
    }

    @Test
    void verbose_adds_the_stack_trace() {
        assertThat(pintle(
                        "generate",
                        "--verbose",
                        "--model",
                        folder.resolve("none").toString(),
                        "--user",
                        "Hi"))
                .isEqualTo(1);
        assertThat(err.toString()).contains("\tat ");
    }

    @Test
    void a_broken_conversation_file_is_refused() throws IOException {
        Path chat = Files.writeString(folder.resolve("chat.json"), "[{\"role\": \"user\"}]");
        assertThat(pintle("generate", "--chat", chat.toString())).isEqualTo(1);
        assertThat(err.toString())
                .isEqualTo("The conversation cannot be read.\n  file:     " + chat
                        + "\n  expected: [{\"role\": \"user\", \"content\": \"…\"}, …]"
                        + "\n  but was:  message 0 is {\"role\":\"user\"}\n");
    }

    @Test
    void verbose_says_how_the_model_computes() {
        assertThat(pintle("generate", "--user", "Hi", "--max-new-tokens", "1", "--verbose"))
                .isZero();
        assertThat(err.toString())
                .contains("prompt:   heap, since the model is small", "decoding: heap, since the model is small");
    }
}
