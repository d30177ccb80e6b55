package dev.pintle.base;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JsonTest {
    @TempDir
    Path folder;

    @Test
    void one_document_is_read() throws IOException {
        Path file = folder.resolve("a.json");
        Files.writeString(file, "{\"a\": [1, \"é\"]}\n");
        assertThat(Json.file(file).at("/a/1").textValue()).isEqualTo("é");
    }

    @Test
    void of_two_statements_none_is_thrown_away() {
        assertThatThrownBy(() -> Json.parse("{\"a\": 1, \"a\": 2}"))
                .isInstanceOf(JsonProcessingException.class)
                .hasMessageContaining("Duplicate field 'a'");
        assertThatThrownBy(() -> Json.parse("[1] [2]")).isInstanceOf(JsonProcessingException.class);
    }

    @Test
    void an_empty_text_is_no_document() {
        assertThatThrownBy(() -> Json.parse(" \n")).isInstanceOf(JsonProcessingException.class);
    }

    @Test
    void values_are_written_on_one_line_or_indented() {
        assertThat(Json.line(Map.of("a", List.of(1)))).isEqualTo("{\"a\":[1]}");
        assertThat(Json.text(Json.object().put("a", 1))).isEqualTo("{\n  \"a\" : 1\n}");
    }
}
