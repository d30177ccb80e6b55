package dev.pintle.notebook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class NbTest {
    private final List<String> shown = new ArrayList<>();

    @BeforeEach
    void take_what_is_shown() {
        Checks.clear();
        Output.to(new Output() {
            @Override
            public void show(Rendered value) {
                shown.add(value.text());
            }

            @Override
            public void update(String id, Rendered value) {
                shown.add(id + " = " + value.text());
            }

            @Override
            public void settle(String id, Rendered value) {
                shown.add(id + " ends: " + value.text());
            }

            @Override
            public void line(String text) {
                shown.add(text);
            }
        });
    }

    @AfterEach
    void give_back() {
        Output.to(Output.PLAIN);
        System.clearProperty(NotebookSettings.VARIABLE);
        Nb.settings();
    }

    @Test
    void a_check_that_holds_says_so_and_is_counted() {
        Nb.check("cosine", 1, 0.9999999, 1e-6);
        Nb.check("a law holds", true);
        Nb.check("latents", 5, 5);
        assertThat(shown).containsExactly("✓ cosine: 1.000000", "✓ a law holds", "✓ latents: 5");
        assertThat(Checks.all()).extracting(Checks.Check::name).containsExactly("cosine", "a law holds", "latents");
        assertThat(Checks.all()).allMatch(Checks.Check::held);
    }

    @Test
    void a_check_that_fails_says_what_was_expected_and_found() {
        assertThatThrownBy(() -> Nb.check("cosine", 1, 0.5, 1e-6))
                .isInstanceOf(CheckFailed.class)
                .hasMessage("""
                        A check does not hold.
                          check:    cosine
                          expected: 1.0 ± 1.0E-6
                          but was:  0.5""");
        assertThatThrownBy(() -> Nb.check("a law", false)).isInstanceOf(CheckFailed.class);
        assertThatThrownBy(() -> Nb.check("answer", "Ahoy", "Hello")).isInstanceOf(CheckFailed.class);
        assertThatThrownBy(() -> Nb.check("not a number", 1, Double.NaN, 1)).isInstanceOf(CheckFailed.class);
        assertThat(shown).startsWith("✗ cosine: expected 1.0 ± 1.0E-6, found 0.5");
        assertThat(Checks.all()).noneMatch(Checks.Check::held);
    }

    @Test
    void a_quoted_number_is_checked_with_the_notebooks_own_settings_and_told_with_others() {
        Nb.settings();
        assertThatThrownBy(() -> Nb.quoted("error", 1.438, 2.5, 5e-4)).isInstanceOf(CheckFailed.class);
        Nb.quoted("error", 1.438, 1.4384, 5e-4);
        assertThat(shown).last().isEqualTo("✓ error: 1.438");
        System.setProperty(NotebookSettings.VARIABLE, styleFile());
        Nb.settings();
        Nb.quoted("error", 1.438, 2.5, 5e-4);
        assertThat(shown).last().isEqualTo("· error: 2.500 (the text says 1.438 with the default settings)");
    }

    private static String styleFile() {
        try {
            java.nio.file.Path file = java.nio.file.Files.createTempFile("settings", ".json");
            file.toFile().deleteOnExit();
            java.nio.file.Files.writeString(file, "{\"style\": \"chef\"}");
            return file.toString();
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Test
    void a_published_number_stands_beside_one_of_another_model_without_a_verdict() {
        Nb.settings();
        Nb.published("base.error_percent", 143.8);
        assertThat(shown).containsExactly("· error percent: published 580, here 143.8 (another model)");
    }

    @Test
    void progress_stays_in_one_place_until_it_ends() {
        Nb.progress("texts", 0, 2);
        Nb.progress("texts", 1, 2);
        Nb.progress("texts", 2, 2);
        assertThat(shown)
                .containsExactly(
                        "progress texts = texts: 0 of 2",
                        "progress texts = texts: 1 of 2",
                        "progress texts ends: texts: 2 of 2");
    }
}
