package dev.pintle.studio;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.pintle.base.Json;
import dev.pintle.testkit.Golden;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What the pages consist of: scripts of ours, and libraries that are what their authors published. */
class VendorTest {
    private static final Path PAGES = Golden.projectRoot().resolve("studio/src/main/resources/dev/pintle/studio");

    @Test
    void every_library_is_the_published_file_and_has_its_licence() throws IOException, GeneralSecurityException {
        Path vendor = PAGES.resolve("vendor");
        Set<String> told = new TreeSet<>(Set.of("manifest.json"));
        for (JsonNode library : Json.parse(Files.readString(vendor.resolve("manifest.json")))) {
            String file = library.get("file").asText();
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(vendor.resolve(file)));
            assertThat(HexFormat.of().formatHex(digest))
                    .as(file)
                    .isEqualTo(library.get("sha256").asText());
            assertThat(library.get("version").asText()).matches("\\d+\\.\\d+\\.\\d+");
            told.add(file);
            library.get("licenses").forEach(name -> told.add(name.asText()));
        }
        try (Stream<Path> files = Files.list(vendor)) {
            assertThat(files.map(file -> file.getFileName().toString())).containsExactlyInAnyOrderElementsOf(told);
        }
    }

    @Test
    void text_reaches_the_page_only_as_text() throws IOException {
        Pattern markup = Pattern.compile(
                "innerHTML|outerHTML|insertAdjacentHTML|document\\.write|createContextualFragment|setHTML|srcdoc|\\beval\\(|new Function");
        try (Stream<Path> files = Files.walk(PAGES.resolve("js"))) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                assertThat(Files.readString(file)).as(file.toString()).doesNotContainPattern(markup);
            }
        }
    }

    @Test
    void no_page_names_another_host() throws IOException {
        Pattern elsewhere = Pattern.compile("https?://(?!www\\.w3\\.org/)");
        for (String folder : new String[] {"js", "css"}) {
            try (Stream<Path> files = Files.walk(PAGES.resolve(folder))) {
                for (Path file : files.filter(Files::isRegularFile).toList()) {
                    assertThat(Files.readString(file)).as(file.toString()).doesNotContainPattern(elsewhere);
                }
            }
        }
    }
}
