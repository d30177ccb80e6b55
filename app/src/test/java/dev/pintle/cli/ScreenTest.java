package dev.pintle.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ScreenTest {
    @TempDir
    Path folder = Path.of("");

    private static String shown(String... pieces) {
        StringWriter to = new StringWriter();
        Screen screen = Screen.on(to);
        for (String piece : pieces) {
            screen.print(piece);
            screen.flush();
        }
        screen.close();
        return to.toString();
    }

    @Test
    void no_control_or_format_character_and_no_half_pair_reaches_the_terminal() {
        for (int c = 0; c <= Character.MAX_CODE_POINT; c++) {
            int type = Character.getType(c);
            boolean hidden = c != '\n'
                    && c != '\t'
                    && (type == Character.CONTROL
                            || type == Character.FORMAT
                            || type == Character.SURROGATE
                            || type == Character.LINE_SEPARATOR
                            || type == Character.PARAGRAPH_SEPARATOR);
            String text = Character.isSurrogate((char) c) && c < 0x10000
                    ? String.valueOf((char) c)
                    : new String(Character.toChars(c));
            if (hidden) {
                assertThat(shown("a" + text + "b")).matches("a(\\\\u[0-9a-f]{4})+b");
            } else if (c < 0x3000) {
                assertThat(shown("a" + text + "b")).isEqualTo("a" + text + "b");
            }
        }
    }

    @Test
    void the_usual_attacks_are_shown_as_escapes() {
        assertThat(shown("\u001b[2Jx")).isEqualTo("\\u001b[2Jx");
        assertThat(shown("\u009b31m")).isEqualTo("\\u009b31m");
        assertThat(shown("abc\u202Etxt.exe")).isEqualTo("abc\\u202etxt.exe");
        assertThat(shown("good\rbad")).isEqualTo("good\\u000dbad");
        assertThat(shown("one\r\ntwo\r")).isEqualTo("one\r\ntwo\\u000d");
        assertThat(shown("\ud83d", "\ude00")).isEqualTo("😀");
        assertThat(shown("\ud83d", "x", "\ude00")).isEqualTo("\\ud83dx\\ude00");
        assertThat(shown("\udb40\udc41")).isEqualTo("\\udb40\\udc41");
    }

    @Test
    void joiners_stay_where_scripts_and_emoji_need_them() {
        assertThat(shown("👩\u200d🚀 می\u200cخواهم")).isEqualTo("👩\u200d🚀 می\u200cخواهم");
        assertThat(shown("pay\u200dpal")).isEqualTo("pay\\u200dpal");
    }

    @Test
    void json_keeps_its_meaning() throws JsonProcessingException {
        ObjectMapper json = new ObjectMapper();
        String hostile = "a\u001b\u009b\u202e\ud83d\ude00\u2028\udb40\udc41\ud800";
        assertThat(json.readTree(shown(json.writeValueAsString(hostile))).textValue())
                .isEqualTo(hostile);
    }

    @ParameterizedTest
    @CsvSource({"Broken pipe, 141, ''", "No space left on device, 1, No space left on device"})
    void output_that_cannot_be_written_ends_in_a_status(String reason, int status, String told) {
        Writer full = new Writer() {
            @Override
            public void write(char[] text, int from, int count) throws IOException {
                throw new IOException(reason);
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
        for (String[] line : new String[][] {{"--help"}, {"--version"}, {"models"}, {"vector", "list"}}) {
            StringWriter err = new StringWriter();
            assertThat(Main.run(Session.REAL, Screen.on(full), new PrintWriter(err), line))
                    .isEqualTo(status);
            assertThat(err.toString())
                    .isEqualTo(told.isEmpty() ? "" : "The output cannot be written.\n  cause: " + told + "\n");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"\u009b31m", "abc\u202Egpj", "\u001b]0;x\u0007", "a\nb"})
    void a_hostile_file_name_is_escaped_in_errors(String name) throws IOException {
        Path file = folder.resolve(name + ".safetensors");
        Files.writeString(file, "x");
        for (String[] line : new String[][] {
            {"vector", "show", file.toString()},
            {"vector", "show", name},
            {"sae", "info", file.toString()},
            {"generate", "--user", "x", "--model", file.toString()},
            {"generate", "--chat", file.toString()},
            {"tokens", "x", "--model", name},
            {"study", name},
            {"report", "open", name},
            {"pull", name}
        }) {
            CommandRun run = CommandRun.of(folder, Map.of("HF_HUB_OFFLINE", "1"), line);
            assertThat(run.status()).isNotZero();
            assertThat(run.err() + run.out())
                    .isNotBlank()
                    .doesNotContain("\u001b", "\u009b", "\u202e", "\u0007", "Exception", "[Source");
        }
    }
}
