package dev.pintle.notebook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pintle.base.PintleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NotebookSettingsTest {
    @TempDir
    private Path folder = Path.of("");

    private NotebookSettings read(String json) throws IOException {
        return NotebookSettings.read(
                Files.writeString(folder.resolve("settings.json"), json).toString());
    }

    @Test
    void a_file_sets_style_and_layer() throws IOException {
        NotebookSettings chef = read("{\"style\": \"chef\", \"layer\": 5}");
        assertThat(chef.concept()).isEqualTo("chef");
        assertThat(chef.layer()).isEqualTo(5);
        assertThat(chef.own()).isFalse();
    }

    @Test
    void a_value_of_the_wrong_kind_is_refused_with_its_key() {
        assertThatThrownBy(() -> read("{\"layer\": \"5\"}"))
                .isInstanceOf(PintleException.class)
                .hasMessage("""
                        A setting of the notebook cannot be used.
                          key:      layer
                          expected: a layer number, 0 or more
                          but was:  "5\"""");
        assertThatThrownBy(() -> read("{\"layer\": -1}")).hasMessageContaining("but was:  -1");
        assertThatThrownBy(() -> read("{\"style\": 7}")).hasMessageContaining("expected: a string");
        assertThatThrownBy(() -> read("{\"stile\": \"chef\"}")).hasMessageContaining("stile");
    }

    @Test
    void a_file_that_is_not_there_is_said_with_what_can_be_given() {
        assertThatThrownBy(() -> NotebookSettings.read("nowhere.json"))
                .isInstanceOf(PintleException.class)
                .hasMessageContaining("llama-3.1-8b, or a JSON file");
    }
}
