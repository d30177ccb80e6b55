package dev.pintle.sae.labels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pintle.sae.LatentLabels;
import dev.pintle.testkit.Golden;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LabelFilesTest {
    @TempDir
    private Path folder = Path.of("");

    private Map<Integer, String> read(String text) throws IOException {
        Path file = folder.resolve("labels");
        Files.writeString(file, text);
        return LabelFiles.read(file);
    }

    @Test
    void every_form_of_file_gives_the_same_labels() throws IOException {
        Map<Integer, String> expected = Map.of(3, "pirate, or \"sailor\"", 12, "Größe");
        assertThat(read("""
                        {"index": 3, "label": "pirate, or \\"sailor\\"", "density": 0.1}

                        {"index": "12", "description": "Größe"}
                        """)).isEqualTo(expected);
        assertThat(read("{\"3\": \"pirate, or \\\"sailor\\\"\", \"12\": \"Größe\", \"13\": null}"))
                .isEqualTo(expected);
        assertThat(read("{\n  \"3\": \"pirate, or \\\"sailor\\\"\",\n  \"12\": \"Größe\"\n}\n"))
                .isEqualTo(expected);
        assertThat(read("[{\"latent\": 3, \"label\": \"pirate, or \\\"sailor\\\"\"},"
                        + " {\"feature\": 12, \"explanation\": \"Größe\"}]"))
                .isEqualTo(expected);
        assertThat(read("index,density,label\n3,0.1,\"pirate, or \"\"sailor\"\"\"\n12,0.2,Größe\n"))
                .isEqualTo(expected);
        assertThat(read("3,\"pirate, or \"\"sailor\"\"\"\r\n12,Größe")).isEqualTo(expected);
        assertThat(read("")).isEmpty();
    }

    @Test
    void a_packed_file_is_unpacked() throws IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
            gzip.write("{\"7\": \"a label\"}".getBytes(StandardCharsets.UTF_8));
        }
        Path file = folder.resolve("labels.json.gz");
        Files.write(file, packed.toByteArray());
        assertThat(LabelFiles.read(file)).containsExactly(Map.entry(7, "a label"));
    }

    @Test
    void a_label_is_one_line_without_anything_that_moves_a_cursor() throws IOException {
        assertThat(read("{\"1\": \"  red\\u001b[31m \\n\\t text\\u202e \", \"2\": \" \\n\"}"))
                .containsExactly(Map.entry(1, "red [31m text"));
        assertThat(read("{\"1\": \"" + "x".repeat(5000) + "\"}").get(1))
                .hasSize(1001)
                .endsWith("…");
    }

    @Test
    void a_line_that_is_no_label_is_named() {
        assertThatThrownBy(() -> read("{\"index\": 1, \"label\": \"a\"}\n{\"index\": -1, \"label\": \"b\"}\n"))
                .hasMessage("A line of the labels cannot be used.\n  file:     " + folder.resolve("labels")
                        + "\n  at:       line 2\n  expected: an object with index and label"
                        + "\n  but was:  {\"index\": -1, \"label\": \"b\"}");
        assertThatThrownBy(() -> read("{\"1\": \"a\", \"one\": \"b\"}")).hasMessageContaining("at:       key one");
        assertThatThrownBy(() -> read("{\"1\": \"a\",")).hasMessageContaining("expected: JSON");
        assertThatThrownBy(() -> read("1,a\ntwo,b\n")).hasMessageContaining("at:       line 2");
        assertThatThrownBy(() -> LabelFiles.read(folder.resolve("absent")))
                .hasMessageStartingWith("The labels cannot be read.\n  file:  " + folder.resolve("absent"));
    }

    @Test
    void the_demo_labels_are_read_and_their_absence_is_said() {
        LatentLabels labels = LatentLabels.read(Golden.parley().resolve("labels.jsonl"));
        assertThat(labels.size()).isEqualTo(1024);
        assertThat(labels.label(146)).contains("conversation held in pirate style");
        assertThat(labels.labelOrAbsence(5000)).isEqualTo("(no label)");
        LatentLabels own = LatentLabels.of(Map.of(146, "mine", 5000, "new"));
        assertThat(own.orElse(labels).label(146)).contains("mine");
        assertThat(own.orElse(labels).size()).isEqualTo(1025);
    }
}
