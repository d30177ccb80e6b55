package dev.pintle.library;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pintle.testkit.ChildJvm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DataFolderTest {
    @TempDir
    Path folder = Path.of("");

    /** Prints the folder of the library that a program finds without being told. */
    static final class Prints {
        public static void main(String[] args) {
            try (Library library = Library.open()) {
                System.out.println(library.folder());
            }
        }
    }

    @Test
    void pintle_data_names_the_folder_of_a_program_of_the_users() {
        String named = folder.resolve("mine").toString();
        ChildJvm run = ChildJvm.run(Prints.class, List.of(), Map.of("PINTLE_DATA", named), 60);
        assertThat(run.output().strip()).isEqualTo(named);
        assertThat(folder.resolve("mine")).doesNotExist(); // until something is kept
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    Linux   | HOME         | .local/share/pintle
                    Mac OS X| HOME         | Library/Application Support/pintle
                    Linux   | XDG_DATA_HOME| pintle
                    Windows | LOCALAPPDATA | pintle
                    """)
    void user_data_goes_where_the_system_wants_it(String system, String variable, String expected) {
        assertThat(DataFolder.find(Map.of(variable, folder.toString()), system, folder))
                .isEqualTo(folder.resolve(expected));
    }

    @Test
    void a_folder_for_data_that_is_a_file_says_so() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "x");
        for (Path named : new Path[] {file, file.resolve("below")}) {
            assertThatThrownBy(() -> DataFolder.find(Map.of("PINTLE_DATA", named.toString()), "Linux", folder))
                    .hasMessage("The folder for data is a file, or lies below one.\n  PINTLE_DATA: " + named
                            + "\n  file:        " + file
                            + "\n  expected:    a folder, which is made where it is missing");
        }
        assertThat(DataFolder.find(Map.of("PINTLE_DATA", folder.resolve("new").toString()), "Linux", folder))
                .isEqualTo(folder.resolve("new"));
    }
}
