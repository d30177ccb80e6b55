package dev.pintle.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.pintle.model.LanguageModel;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.testkit.Golden;
import dev.pintle.text.Message;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jline.reader.LineReader;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("any-java")
class TokensTest {
    @TempDir
    Path folder = Path.of("");

    private final StringWriter out = new StringWriter();

    private int pintle(String... args) {
        return Main.run(new PrintWriter(out, true), new PrintWriter(out, true), args);
    }

    @Test
    void tokens_of_a_text_are_its_ids_and_pieces() {
        assertThat(pintle("tokens", "Hello, whale")).isZero();
        assertThat(out.toString().lines())
                .anyMatch(line -> line.endsWith("  added"))
                .anyMatch(line -> line.matches(" *\\d+  \" whale\""));
        assertThat(out.toString()).endsWith(" tokens\n");
    }

    @Test
    void tokens_of_a_conversation_are_those_the_model_reads() throws IOException {
        Path chat = folder.resolve("chat.json");
        Files.writeString(chat, "[{\"role\": \"user\", \"content\": \"Hi there\"}]");
        assertThat(pintle("tokens", "--chat", chat.toString(), "--json")).isZero();
        List<Integer> ids = new ArrayList<>();
        StringBuilder text = new StringBuilder();
        for (JsonNode token : new ObjectMapper().readTree(out.toString()).path("tokens")) {
            ids.add(token.get("id").asInt());
            text.append(token.get("text").asText());
        }
        try (LanguageModel model = LanguageModel.load(Golden.parley().toString(), Device.CPU, DType.FP32)) {
            int[] expected = model.chatTokens(List.of(Message.user("Hi there")));
            assertThat(ids.stream().mapToInt(Integer::intValue).toArray()).isEqualTo(expected);
        }
        assertThat(text.toString()).contains("Hi there");
    }

    @Test
    void a_folder_with_nothing_but_a_tokenizer_and_a_template_is_enough() throws IOException {
        Files.copy(Golden.parley().resolve("tokenizer.json"), folder.resolve("tokenizer.json"));
        assertThat(pintle("tokens", "--model", folder.toString(), "Hello, whale"))
                .isZero();
        assertThat(out.toString()).contains("\" whale\"");
        Path chat = folder.resolve("chat.json");
        Files.writeString(chat, "[{\"role\": \"user\", \"content\": \"Hi there\"}]");
        assertThat(pintle("tokens", "--model", folder.toString(), "--chat", chat.toString()))
                .isNotZero();
        assertThat(out.toString()).contains("The model has no chat template.");
        Files.copy(Golden.parley().resolve("tokenizer_config.json"), folder.resolve("tokenizer_config.json"));
        assertThat(pintle("tokens", "--model", folder.toString(), "--chat", chat.toString()))
                .isZero();
        assertThat(out.toString()).contains("\" there\"");
    }

    @Test
    void a_text_and_a_conversation_at_once_are_refused() {
        assertThat(pintle("tokens", "Hi", "--chat", "x.json")).isEqualTo(2);
        assertThat(pintle("tokens")).isEqualTo(2);
    }

    @Test
    void what_cannot_be_seen_is_escaped() {
        assertThat(TokenLines.quoted("a\n\t\"\\\u200b\u0000é😀")).isEqualTo("\"a\\n\\t\\\"\\\\\\u200b\\u0000é😀\"");
    }

    @Test
    void a_line_that_ends_in_a_backslash_goes_on_in_the_next() {
        Deque<String> typed = new ArrayDeque<>(List.of("one\\", "  two\\", "three", "four"));
        LineReader reader = (LineReader) Proxy.newProxyInstance(
                LineReader.class.getClassLoader(),
                new Class<?>[] {LineReader.class},
                (proxy, method, args) -> typed.pop());
        assertThat(ChatCommand.read(reader)).isEqualTo("one\n  two\nthree");
        assertThat(ChatCommand.read(reader)).isEqualTo("four");
    }
}
