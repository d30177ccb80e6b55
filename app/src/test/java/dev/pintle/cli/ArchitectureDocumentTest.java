package dev.pintle.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pintle.testkit.Golden;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;

/** docs/architecture.md and its picture are held against the poms and the sources. */
class ArchitectureDocumentTest {
    private static final Path ROOT = Golden.projectRoot();
    private static final Path DOCUMENT = ROOT.resolve("docs/architecture.md");

    private static Map<String, List<String>> dependencies() throws IOException {
        return ArchitecturePicture.dependencies(ROOT);
    }

    @Test
    void the_picture_is_that_of_the_poms() throws IOException {
        Path images = ROOT.resolve("docs/images");
        assertThat(Files.readString(images.resolve("architecture.svg")))
                .as("draw it again with: java app/src/test/java/dev/pintle/cli/ArchitecturePicture.java")
                .isEqualTo(ArchitecturePicture.svg(dependencies()));
        BufferedImage png = Objects.requireNonNull(
                ImageIO.read(images.resolve("architecture.png").toFile()));
        assertThat(List.of(png.getWidth(), png.getHeight()))
                .containsExactly(2 * ArchitecturePicture.WIDTH, 2 * ArchitecturePicture.HEIGHT);
    }

    @Test
    void the_table_says_what_each_module_knows() throws IOException {
        Map<String, List<String>> told = new LinkedHashMap<>();
        Matcher row =
                Pattern.compile("(?m)^\\| `([a-z]+)` \\| .* \\| ([^|]*) \\|$").matcher(Files.readString(DOCUMENT));
        while (row.find()) {
            told.put(
                    row.group(1),
                    row.group(2).equals("nothing")
                            ? List.of()
                            : List.of(row.group(2).split(", ", -1)));
        }
        Map<String, List<String>> known = dependencies();
        assertThat(told.keySet()).containsExactlyInAnyOrderElementsOf(known.keySet());
        known.forEach((module, modules) ->
                assertThat(told.get(module)).as(module).containsExactlyInAnyOrderElementsOf(modules));
    }

    @Test
    void every_path_that_it_names_is_there() throws IOException {
        Matcher link = Pattern.compile("\\]\\(([^)#]+)\\)").matcher(Files.readString(DOCUMENT));
        List<String> missing = new ArrayList<>();
        int links = 0;
        while (link.find()) {
            links++;
            if (!Files.exists(ROOT.resolve("docs").resolve(link.group(1)))) {
                missing.add(link.group(1));
            }
        }
        assertThat(missing).isEmpty();
        assertThat(links).isGreaterThan(10);
    }
}
