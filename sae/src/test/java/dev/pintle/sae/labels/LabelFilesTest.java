package dev.pintle.sae.labels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.pintle.base.PintleException;
import dev.pintle.testkit.Golden;
import dev.pintle.testkit.Hostile;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Tag;
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
    void a_map_on_one_line_is_read_whole_however_long_it_is() throws IOException {
        StringBuilder map = new StringBuilder("{");
        for (int i = 0; i < 60_000; i++) {
            map.append(i > 0 ? ", " : "")
                    .append('"')
                    .append(i)
                    .append("\": \"a label of some length, number ")
                    .append(i)
                    .append('"');
        }
        Map<Integer, String> labels = read(map + "}");
        assertThat(map).hasSizeGreaterThan(2_900_000);
        assertThat(labels).hasSize(60_000).containsEntry(59_999, "a label of some length, number 59999");
        assertThatThrownBy(() -> read(map.substring(0, 2_000_000))).hasMessageContaining("expected: JSON");
        Map<Integer, String> list =
                read("[" + "{\"index\": 7, \"label\": \"x\"},".repeat(100_000) + "{\"index\": 8, \"label\": \"y\"}]");
        assertThat(list).containsOnlyKeys(7, 8);
    }

    @Test
    void objects_may_follow_one_another_in_a_line_or_stretch_over_several() throws IOException {
        assertThat(
                        read(
                                "{\"index\": 1, \"label\": \"a\"} {\"index\": 2, \"label\": \"b\"}\n{\"index\": 3,\n \"label\": \"c\"}"))
                .isEqualTo(Map.of(1, "a", 2, "b", 3, "c"));
        assertThat(read("{\"1\": \"a\"}{\"2\": \"b\"}\n[{\"index\": 3, \"label\": \"c\"}]"))
                .isEqualTo(Map.of(1, "a", 2, "b", 3, "c"));
        assertThat(read("{\"index\": 1, \"activations\": [" + "{\"label\": 1},".repeat(200_000)
                        + "1], \"label\": \"a\"}\n"))
                .isEqualTo(Map.of(1, "a"));
    }

    @Test
    void what_is_no_label_is_named_wherever_it_stands() {
        assertThatThrownBy(() -> read("[{\"index\": 1, \"label\": \"a\"}, 7, {\"index\": 2, \"label\": \"b\"}]"))
                .hasMessageContaining("at:       item 1")
                .hasMessageContaining("but was:  7");
        assertThatThrownBy(() -> read("{\"index\": 1, \"label\": \"a\"} 7\n")).hasMessageContaining("at:       line 1");
        assertThatThrownBy(() -> read("{\"index\": 1, \"label\": \"a\"}\nbroken\n"))
                .hasMessageContaining("at:       line 2\n  expected: JSON\n  but was:  broken");
        assertThatThrownBy(() -> read("{\"4000000\": \"a\"}")).hasMessageContaining("at:       latent 4000000");
        assertThatThrownBy(() -> read("{\"name\": \"x\", \"1\": \"a\"}")).hasMessageContaining("at:       key name");
        assertThatThrownBy(() -> read("index,label\n1,\"" + "x".repeat(30_000_000)))
                .hasMessageContaining("a longer field; is a quotation mark not closed?");
    }

    @Test
    void a_small_packed_file_of_millions_of_lists_takes_little_memory() throws IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        byte[] lists = "[]".repeat(500_000).getBytes(StandardCharsets.UTF_8);
        try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
            for (int i = 0; i < 40; i++) {
                gzip.write(lists);
            }
        }
        Path file = folder.resolve("labels.json.gz");
        Files.write(file, packed.toByteArray());
        assertThat(LabelFiles.read(file)).isEmpty();
        assertThatThrownBy(() -> read("[" + "[],".repeat(300_000) + "[]]")).hasMessageContaining("at:       item 0");
        assertThatThrownBy(() -> read("[".repeat(100_000))).hasMessageContaining("expected: ");
    }

    @Test
    void a_pipe_is_no_file_of_labels() throws Exception {
        Path pipe = folder.resolve("pipe");
        Process made = new ProcessBuilder("mkfifo", pipe.toString()).start();
        assumeTrue(made.waitFor() == 0);
        assertThatThrownBy(() -> LabelFiles.read(pipe)).hasMessage("""
                The labels cannot be read.
                  file:  %s
                  cause: It is a pipe, a socket or a device, not a regular file.""".formatted(pipe));
    }

    @Test
    @Tag("slow")
    void five_thousand_damaged_files_are_read_or_refused() throws Exception {
        System.out.println(Hostile.survives(Fuzz.class, folder, 256, 200));
    }

    /** Reads damaged labels, as a file of one's own and as a stranger's. */
    static final class Fuzz {
        private Fuzz() {}

        public static void main(String[] args) throws IOException {
            Path folder = Path.of(args[0]);
            Path file = folder.resolve("labels");
            List<String> seeds = List.of(
                    "{\"index\": 3, \"label\": \"pirate\", \"density\": 0.1}\n{\"index\": \"12\", \"description\": \"x\"}\n\n{\"latent\": 1, \"label\": \"y\"} {\"latent\": 2, \"label\": \"z\"}\n",
                    "{\"3\": \"pirate\", \"12\": \"Größe\", \"13\": null, \"14\": \"😀\"}",
                    "[{\"latent\": 3, \"label\": \"pirate\"}, {\"feature\": 12, \"explanation\": \"x\", \"more\": [1, {\"a\": 2}]}]",
                    "index,density,label\n3,0.1,\"pirate, or \"\"sailor\"\"\"\n12,0.2,Größe\n",
                    "3,pirate\r\n12,x");
            List<String> words = List.of(
                    "index",
                    "label",
                    "3",
                    "-1",
                    "1e9",
                    "\n",
                    "}{",
                    "\"",
                    ",",
                    "null",
                    "[[[[[[",
                    "{\"1\":",
                    "description");
            Hostile.mutate(folder, seeds, words, 8_000, 3, content -> {
                Files.write(file, content);
                int[] strangers = {0, 0, 0};
                new LabelReader(new LabelReader.Sink() {
                            @Override
                            public void label(int index, String label) {
                                strangers[0]++;
                            }

                            @Override
                            public void unusable(String place, String expected, String found) {
                                strangers[1]++;
                            }

                            @Override
                            public void damaged(String place, String expected, String found) {
                                strangers[2]++;
                            }
                        })
                        .read(new ByteArrayInputStream(content));
                boolean clean = strangers[1] + strangers[2] == 0;
                try {
                    LabelFiles.read(file);
                } catch (PintleException e) {
                    if (clean && !String.valueOf(e.getMessage()).contains("latent ")) {
                        throw new IllegalStateException("read as a stranger's file without a complaint", e);
                    }
                    throw e;
                }
                if (!clean) {
                    throw new IllegalStateException("read as a file of one's own without a complaint");
                }
            });
        }
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
