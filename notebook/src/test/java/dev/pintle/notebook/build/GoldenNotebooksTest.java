package dev.pintle.notebook.build;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.notebook.NotebookSettings;
import dev.pintle.testkit.Golden;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The notebook on what a vector is made of, fed with the settings of the reference values, gives those in every style. */
@Tag("slow")
class GoldenNotebooksTest {
    private static final JsonNode EXPECTED = Golden.json("studies.json");
    private static final JsonNode VECTORS = Golden.json("vectors.json");

    @TempDir
    private Path temporary = Path.of("");

    static Stream<String> styles() {
        List<String> names = new ArrayList<>();
        EXPECTED.get("styles").fieldNames().forEachRemaining(names::add);
        return names.stream();
    }

    @AfterEach
    void own_settings_again() {
        System.clearProperty(NotebookSettings.VARIABLE);
    }

    @ParameterizedTest
    @MethodSource("styles")
    void base_gives_the_reference_in_any_style(String style) throws IOException {
        ObjectNode settings = new ObjectMapper().createObjectNode();
        settings.put("style", style);
        settings.set("positive", VECTORS.at("/styles/" + style + "/positive"));
        settings.set("prefixes", VECTORS.get("prefixes"));
        Path file = temporary.resolve("settings.json");
        Files.writeString(file, settings.toString());
        System.setProperty(NotebookSettings.VARIABLE, file.toString());
        NotebookRun run = NotebookRunner.run(
                NotebookSource.read(Golden.projectRoot().resolve("notebooks/base.java")), cell -> {});
        assertThat(run.failure()).isEmpty();
        Map<String, Double> found = NotebooksTest.values(run);
        JsonNode expected = EXPECTED.at("/styles/" + style);
        assertClose(found, "relative error", expected.at("/all_positions/relative_error"));
        assertClose(found, "active latents", expected.at("/all_positions/active"));
        assertClose(found, "error, after the last difference", expected.at("/after_last_difference/relative_error"));
        assertClose(found, "error, last positions", expected.at("/last_position/relative_error"));
        assertClose(
                found,
                "error at an activation's length, all positions",
                expected.at("/all_positions/scaled_relative_error"));
        assertClose(
                found,
                "latents at an activation's length, after the last difference",
                expected.at("/after_last_difference/scaled_active"));
        assertClose(
                found,
                "error at an activation's length, after the last difference",
                expected.at("/after_last_difference/scaled_relative_error"));
        assertClose(found, "error without the bias", expected.at("/all_positions/relative_error_without_bias"));
        assertClose(found, "length of the bias", EXPECTED.get("decoder_bias_norm"));
    }

    private static void assertClose(Map<String, Double> found, String check, JsonNode expected) {
        assertThat(found).containsKey(check);
        assertThat(found.get(check))
                .as(check)
                .isCloseTo(expected.asDouble(), within(1e-4 * Math.max(1e-2, expected.asDouble())));
    }
}
