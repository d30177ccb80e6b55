package dev.pintle.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UserFoldersTest {
    @TempDir
    Path folder = Path.of("");

    @Test
    void a_folder_for_data_that_is_a_file_says_so() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "x");
        for (Path named : new Path[] {file, file.resolve("below")}) {
            assertThatThrownBy(() -> UserFolders.data(Map.of("PINTLE_DATA", named.toString()), "Linux", folder))
                    .hasMessage("The folder for data is a file, or lies below one.\n  PINTLE_DATA: " + named
                            + "\n  file:        " + file
                            + "\n  expected:    a folder, which is made where it is missing");
        }
        assertThat(UserFolders.data(Map.of("PINTLE_DATA", folder.resolve("new").toString()), "Linux", folder))
                .isEqualTo(folder.resolve("new"));
    }
}
