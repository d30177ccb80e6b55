package dev.pintle.text;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenizerFolderTest {
    @Test
    void a_variable_that_names_no_folder_is_an_error_that_names_it(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "x");
        for (String name : new String[] {"PINTLE_CACHE", "XDG_CACHE_HOME"}) {
            assertThatThrownBy(() -> NativeTokenizer.prepareLibrary(Map.of(name, file.toString())))
                    .isInstanceOf(TokenizerException.class)
                    .hasMessageStartingWith(name + " does not name a folder.")
                    .hasMessageContaining(file.toString());
        }
    }
}
