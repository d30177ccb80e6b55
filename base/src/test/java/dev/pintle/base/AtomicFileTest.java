package dev.pintle.base;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicFileTest {
    @TempDir
    Path folder = Path.of("");

    private String[] names() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> String.valueOf(file.getFileName()))
                    .sorted()
                    .toArray(String[]::new);
        }
    }

    @Test
    void what_killed_writers_left_is_swept_and_nothing_else() throws IOException {
        Files.writeString(folder.resolve(".a.txt." + UUID.randomUUID() + ".part"), "half");
        Files.writeString(folder.resolve(".other.bin." + UUID.randomUUID() + ".part"), "half");
        Files.writeString(folder.resolve(".mine.part"), "not ours");
        Files.writeString(folder.resolve("." + UUID.randomUUID() + ".txt"), "not ours");
        AtomicFile.writeText(folder.resolve("a.txt"), "whole");
        assertThat(names()).hasSize(3).contains(".mine.part", "a.txt");
        assertThat(Files.readString(folder.resolve("a.txt"))).isEqualTo("whole");
    }

    @Test
    void a_file_that_is_being_written_is_left_alone_by_another_process() throws Exception {
        Path binary = Path.of(System.getProperty("java.home"), "bin", "java");
        AtomicFile.write(folder.resolve("slow.txt"), channel -> {
            try {
                Process other = new ProcessBuilder(
                                binary.toString(),
                                "-cp",
                                System.getProperty("java.class.path"),
                                Other.class.getName(),
                                folder.resolve("quick.txt").toString())
                        .inheritIO()
                        .start();
                assertThat(other.waitFor()).isZero();
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
            AtomicFile.writeFully(channel, ByteBuffer.wrap(new byte[] {'x'}));
        });
        assertThat(names()).containsExactly("quick.txt", "slow.txt");
    }

    /** Writes a file in a process of its own. */
    static final class Other {
        private Other() {}

        public static void main(String[] args) {
            AtomicFile.writeText(Path.of(args[0]), "quick");
        }
    }

    @Test
    void a_failure_leaves_what_was_there_and_no_litter() throws IOException {
        Path file = folder.resolve("a.txt");
        AtomicFile.writeText(file, "before");
        assertThatThrownBy(() -> AtomicFile.write(file, channel -> {
                    throw new IOException("No space left on device");
                }))
                .hasMessage("The file cannot be written.\n  file:  " + file + "\n  cause: No space left on device");
        assertThat(names()).containsExactly("a.txt");
        assertThat(Files.readString(file)).isEqualTo("before");
    }
}
