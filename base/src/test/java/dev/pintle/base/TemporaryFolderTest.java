package dev.pintle.base;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class TemporaryFolderTest {
    @Test
    void a_folder_is_gone_with_its_files_after_the_task() throws IOException {
        Path path;
        try (TemporaryFolder folder = TemporaryFolder.create("pintle-test-")) {
            path = folder.path();
            Files.writeString(Files.createDirectory(path.resolve("inner")).resolve("file"), "content");
        }
        assertThat(path).doesNotExist();
    }

    @Test
    void a_process_that_ends_meanwhile_leaves_none() throws IOException, InterruptedException {
        Process child = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Leaves.class.getName())
                .start();
        String path = new String(child.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        assertThat(child.waitFor()).isEqualTo(3);
        assertThat(path).isNotBlank();
        assertThat(Path.of(path.strip())).doesNotExist();
    }

    /** Ends without closing its folder. */
    static final class Leaves {
        private Leaves() {}

        public static void main(String[] arguments) throws IOException {
            Path path = TemporaryFolder.create("pintle-test-").path();
            Files.writeString(path.resolve("file"), "content");
            System.out.println(path);
            System.exit(3);
        }
    }
}
