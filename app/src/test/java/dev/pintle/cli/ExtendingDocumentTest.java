package dev.pintle.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pintle.testkit.Golden;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** docs/extending.md shows classes that the tests of other modules load through ServiceLoader. */
class ExtendingDocumentTest {
    private static final Path ROOT = Golden.projectRoot();

    @Test
    void the_study_on_the_page_is_the_one_that_is_tested() throws IOException {
        assertThat(DocumentBlocks.of("docs/extending.md", "java"))
                .containsExactly(
                        Files.readString(ROOT.resolve("studies/src/test/java/org/example/norms/NormStudy.java")));
    }
}
