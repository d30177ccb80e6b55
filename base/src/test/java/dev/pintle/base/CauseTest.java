package dev.pintle.base;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CauseTest {
    @TempDir
    Path folder = Path.of("");

    /** As a user's settings are read. */
    record Settings(int size, Map<String, Integer> parts) {}

    @Test
    void exceptions_of_the_platform_are_words() {
        assertThat(Cause.words(new NoSuchFileException("/x"))).isEqualTo("there is no file or folder /x");
        assertThat(Cause.words(new AccessDeniedException("/x"))).isEqualTo("permission denied: /x");
        assertThat(Cause.words(new FileSystemException("/x", null, "Not a directory")))
                .isEqualTo("Not a directory: /x");
        assertThat(Cause.words(new MalformedInputException(1))).isEqualTo("it is not UTF-8 text");
        assertThat(Cause.words(new UncheckedIOException(new IOException("No space left on device"))))
                .isEqualTo("No space left on device");
        assertThat(Cause.words(new NullPointerException())).isEqualTo("null pointer");
        assertThat(Cause.words(new IllegalStateException("java.io.IOException: gone")))
                .isEqualTo("gone");
        Throwable read = catchThrowable(() -> Files.readString(folder.resolve("none")));
        assertThat(Problem.of("It cannot be read.").fact("cause", read).toString())
                .isEqualTo("It cannot be read.\n  cause: there is no file or folder " + folder.resolve("none"));
    }

    @Test
    void json_that_cannot_be_read_says_where_and_names_no_class() {
        ObjectMapper json = new ObjectMapper();
        assertThat(Cause.words(catchThrowable(() -> json.readTree("{\"a\":\n  nope}"))))
                .startsWith("line 2, column ")
                .contains("'nope' where a value was expected")
                .doesNotContain("Source", "REDACTED", "com.");
        assertThat(Cause.words(catchThrowable(
                        () -> json.readValue("{\"size\": 1, \"parts\": {\"a\": \"x\"}}", Settings.class))))
                .matches("line 1, column \\d+: parts\\.a: a value of a different type was expected");
        assertThat(Cause.words(catchThrowable(() -> json.readValue("[]", Settings.class))))
                .doesNotContain("dev.pintle", "[Source", "java.");
    }

    @Test
    void hidden_characters_and_megabytes_do_not_get_into_messages() {
        assertThatThrownBy(() -> {
                    throw Problem.of("The key \u001b[2J is not known.")
                            .fact("key", "a\u202eb\u009bc\nd")
                            .fact("value", "x".repeat(3_000_000))
                            .toException();
                })
                .hasMessage("The key \\u001b[2J is not known.\n  key:   a\\u202eb\\u009bc\n         d\n  value: "
                        + "x".repeat(2000) + "… (3,000,000 characters)");
    }
}
