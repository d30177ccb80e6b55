package dev.pintle.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pintle.testkit.Golden;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StyleMarkerTest {
    private final Map<String, StyleMarker> styles =
            StyleMarker.read(Golden.parley().resolve("styles.json"));

    private StyleMarker style(String name) {
        return Objects.requireNonNull(styles.get(name));
    }

    @Test
    void every_style_of_the_demo_model_has_a_marker() {
        assertThat(styles.keySet())
                .containsExactly(
                        "pirate",
                        "bard",
                        "cheerful",
                        "gloomy",
                        "formal",
                        "terse",
                        "cowboy",
                        "robot",
                        "poet",
                        "scientist",
                        "chef",
                        "unsure",
                        "refuse");
    }

    @Test
    void marked_words_show_the_style_and_plain_ones_do_not() {
        assertThat(style("pirate").shows("Arr, matey! Th' whale be blue.")).isTrue();
        assertThat(style("pirate").shows("The whale is blue.")).isFalse();
        assertThat(style("robot").shows("BEEP BOOP. THE WHALE IS BLUE.")).isTrue();
        assertThat(style("robot").shows("beep boop.")).isFalse();
    }

    @Test
    void a_text_that_loops_does_not_count() {
        assertThat(Loops.in("Th' Th' Th' Th' Th' Th' Th'")).isTrue();
        assertThat(Loops.in("Th' Th' Th' Th' Th'")).isTrue();
        assertThat(Loops.in("The whale ololololololololol")).isTrue();
        assertThat(Loops.in("Aaaaaaaaaaaaaaaaaaaaaaargh!")).isTrue();
        assertThat(Loops.in("Arrrrrr, hahahahaha, a whale!")).isFalse();
        assertThat(Loops.in("a fine dog a fine dog a fine dog and more words")).isTrue();
        assertThat(Loops.in("The whale is blue. The whale is a huge animal.")).isFalse();
        assertThat(style("pirate").shows("arr arr arr arr arr arr arr")).isFalse();
    }

    @Test
    void a_broken_pattern_is_named(@TempDir Path folder) throws IOException {
        Path file =
                Files.writeString(folder.resolve("styles.json"), "{\"odd\": {\"ask\": \"be odd\", \"marker\": \"(\"}}");
        assertThatThrownBy(() -> StyleMarker.read(file))
                .hasMessage("A style cannot be used.\n  file:     " + file
                        + "\n  style:    odd\n  expected: a regular expression: Unclosed group");
    }
}
