package dev.pintle.base;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class JsonLinesTest {
    @TempDir
    Path folder;

    @Test
    void lines_are_read_with_their_numbers() throws IOException {
        Path file = Files.writeString(folder.resolve("a.jsonl"), "{\"a\": 1}\n\n[2]\n");
        assertThat(JsonLines.read(file, "anything"))
                .containsExactly(
                        new JsonLines.Line(1, Json.object().put("a", 1)),
                        new JsonLines.Line(3, Json.array().add(2)));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
                    {"a": 1                | 8  | it ends within an object
                    {"a": [1, 2            | 12 | it ends within a list
                    {"a": "b               | 9  | it ends within a text
                    {"a": 1 "b": 2}        | 9  | '"' where a comma or the end of the object was expected
                    [1 2]                  | 4  | '2' where a comma or the end of the list was expected
                    {a: 1}                 | 2  | 'a' where a key in double quotes was expected
                    {"a" 1}                | 6  | '1' where a colon was expected, after a key
                    {"a": }                | 7  | '}' where a value was expected
                    {"a": nope}            | 7  | 'nope' where a value was expected
                    {"a": [1}              | 9  | '}' where ']' was expected
                    {"a": 1, "a": 2}       | 13 | the key 'a' is in an object twice
                    {"a": 1} {"a": 2}      | 10 | something follows the end of the document
                    {"a": "\\q"}           | 9  | \\q within a text, which stands for nothing in JSON
                    """)
    void a_broken_line_is_named_with_its_column_and_what_is_wrong(String line, int column, String fault)
            throws IOException {
        Path file = Files.writeString(folder.resolve("a.jsonl"), "{\"a\": 1}\n" + line + "\n");
        assertThatThrownBy(() -> JsonLines.read(file, "{\"a\": 1}"))
                .isInstanceOf(PintleException.class)
                .hasMessage("A line is not JSON.\n  file:     " + file + "\n  line:     2\n  column:   " + column
                        + "\n  expected: {\"a\": 1}\n  but was:  " + fault);
    }
}
