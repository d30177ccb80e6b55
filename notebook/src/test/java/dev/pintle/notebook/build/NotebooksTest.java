package dev.pintle.notebook.build;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.pintle.base.Progress;
import dev.pintle.model.LanguageModel;
import dev.pintle.notebook.Checks;
import dev.pintle.sae.SparseAutoencoder;
import dev.pintle.sae.labels.LatentLabels;
import dev.pintle.studies.Studies;
import dev.pintle.study.Study;
import dev.pintle.study.StudyJson;
import dev.pintle.study.StudyPresets;
import dev.pintle.study.StudySubject;
import dev.pintle.study.TextWriter;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.testkit.Golden;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every notebook runs to its end without Jupyter, and its numbers are those of the study that asks the same. */
class NotebooksTest {
    private static final Path FOLDER = Golden.projectRoot().resolve("notebooks");
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Map<String, NotebookRun> RUNS = new HashMap<>();
    /** Of what is displayed the pictures and plain texts count; HTML is theirs again. */
    private static final Set<String> COMPARED = Set.of("stream", "display_data");

    @TempDir
    private Path temporary = Path.of("");

    static Stream<String> names() {
        return NotebookSource.in(FOLDER).stream()
                .map(file -> NotebookSource.read(file).name());
    }

    private static NotebookRun run(String name) {
        return RUNS.computeIfAbsent(name, n -> {
            NotebookRun run = NotebookRunner.run(NotebookSource.read(FOLDER.resolve(n + ".java")), cell -> {});
            assertThat(run.failure()).as(n).isEmpty();
            return run;
        });
    }

    @ParameterizedTest
    @ValueSource(strings = "quick-start")
    @Tag("sample")
    void the_first_notebook_runs_to_its_end(String name) throws IOException {
        agreesWithItsBuiltFile(name);
    }

    @ParameterizedTest
    @MethodSource("names")
    @Tag("slow")
    void a_notebook_runs_to_its_end_and_its_built_file_says_the_same(String name) throws IOException {
        agreesWithItsBuiltFile(name);
    }

    private static void agreesWithItsBuiltFile(String name) throws IOException {
        JsonNode now = JSON.readTree(NotebookFile.json(run(name)));
        JsonNode built = JSON.readTree(Files.readString(FOLDER.resolve(name + ".ipynb")));
        String how = "build it again with: ./pintle notebook build " + name;
        assertThat(built.get("cells").size()).as(how).isEqualTo(now.get("cells").size());
        for (int i = 0; i < now.get("cells").size(); i++) {
            JsonNode cell = now.get("cells").get(i);
            JsonNode kept = built.get("cells").get(i);
            assertThat(kept.get("source")).as(how).isEqualTo(cell.get("source"));
            assertThat(kept.get("id")).as(how).isEqualTo(cell.get("id"));
            assertThat(shown(kept)).as(how).isEqualTo(shown(cell));
        }
    }

    /** The kinds of what a cell shows, and the lines of its checks. */
    private static List<String> shown(JsonNode cell) {
        List<String> shown = new ArrayList<>();
        cell.path("outputs").forEach(output -> {
            assertThat(output.get("output_type").asText()).isIn(COMPARED);
            output.path("data").fieldNames().forEachRemaining(shown::add);
            output.path("text").forEach(line -> {
                if (line.asText().startsWith("✓")) {
                    shown.add(line.asText());
                }
            });
        });
        return shown;
    }

    @ParameterizedTest
    @MethodSource("names")
    @Tag("slow")
    void a_notebook_is_short_and_asks_the_reader_to_change_it(String name) {
        NotebookSource source = NotebookSource.read(FOLDER.resolve(name + ".java"));
        List<Cell> code = source.cells().stream()
                .filter(cell -> cell.kind() == Cell.Kind.CODE)
                .toList();
        assertThat(code).hasSizeLessThanOrEqualTo(25);
        assertThat(code).anyMatch(cell -> cell.tags().contains("change-me"));
        assertThat(source.cells()).anyMatch(cell -> cell.kind() == Cell.Kind.SOLUTION);
    }

    // ---------------------------------------------------------------- beside the studies

    /** Checks by name and where the study's JSON has the same number. */
    private static Map<String, String> same(String name) {
        Map<String, String> same = new LinkedHashMap<>();
        switch (name) {
            case "base" -> {
                same.put("relative error", "/vectors/0/encoded/relative_error");
                same.put("error, after the last difference", "/vectors/1/encoded/relative_error");
                same.put("error, last positions", "/vectors/2/encoded/relative_error");
                same.put("error at an activation's length, all positions", "/vectors/0/scaled/relative_error");
                same.put(
                        "latents at an activation's length, after the last difference",
                        "/vectors/1/scaled/latents/active");
                same.put("error of the pursuit, after the last difference", "/vectors/1/pursuit_error");
                same.put("length of the bias", "/decoder_bias_norm");
                same.put("length of the mean", "/vectors/0/norm_before_scaling");
                same.put("cosine, all positions and after the last difference", "/cosines/0/1");
                same.put("cosine, all positions and last positions", "/cosines/0/2");
                same.put("cosine of its decoder row and the vector that steers", "/candidates/0/decoder_cosine");
                same.put("latent", "/target_latent");
                same.put("tokens", "/tokens");
                same.put("first difference", "/first_difference");
            }
            case "all-position-caa" -> {
                same.put("cosine, all positions and last positions", "/cosine");
                same.put("halves, all positions", "/all_positions/split_half_cosine");
                same.put("halves, after the last difference", "/after_last_difference/split_half_cosine");
                same.put("halves, last positions", "/prefix/split_half_cosine");
                same.put("error, all positions", "/all_positions/encoded/relative_error");
                same.put("error, last positions", "/prefix/encoded/relative_error");
                same.put("cosine of the encodings at an activation's length", "/scaled_latent_cosine");
                same.put("latents in which they differ", "/differences/active");
            }
            case "caa-mean-vs-pca" -> {
                same.put("explained variance", "/explained");
                same.put("cosine", "/comparison/cosine");
                same.put("overlap of the 100 largest elements", "/comparison/overlap");
                same.put("cosine, centred, this pair", "/components/0/cosine_with_mean");
                same.put("cosine, uncentred, this pair", "/components/1/cosine_with_mean");
                same.put("cosine, paired, this pair", "/components/2/cosine_with_mean");
                same.put("cosine, centred, prefix pairs", "/components/3/cosine_with_mean");
                same.put("cosine, uncentred, prefix pairs", "/components/4/cosine_with_mean");
            }
            case "caa-via-sae-steering" -> {
                same.put("cosine of its decoder row and the vector", "/concept/0/cosine_with_vector");
                same.put("of the raised latent's row and the vector", "/cosine_with_vector");
                same.put("cosine of w and the decoder row", "/concept/0/cosine_with_decoder_column");
                same.put("share of latent j", "/concept/0/encoded/share_of_target");
                same.put("as published, of two vectors", "/concept/0/mixed_error");
                same.put("w's own error", "/concept/0/encoded/relative_error");
                same.put("without the bias", "/concept/0/encoded/relative_error_without_bias");
                same.put("share of the bias", "/concept/0/encoded/bias_share");
            }
            case "failed-double-decode-caa" -> {
                same.put("latent j before", "/target_before");
                same.put("change of latent j", "/first_target_change");
                same.put("latents that change", "/first/active");
                same.put("predicted for latent j", "/predicted_target_change");
                same.put("vector, once", "/vector/first_relative_error");
                same.put("vector, twice", "/vector/from_start_relative_error");
                same.put("latents active in one encoding only", "/vector/changed_latents");
            }
            case "caa-steering-latents" -> {
                same.put("running mean at the last token", "/errors/running_mean_ratio/15");
                same.put("latents that change", "/difference/active");
                same.put("latents used", "/latents_used");
                same.put("correlation of sum and vector", "/along/vector_sum_correlation");
                same.put("slope", "/along/slope");
                same.put("slope by arithmetic", "/along/predicted_slope");
                same.put("correlation of the parts", "/along/reconstruction_error_correlation");
                same.put("mean cosine before the answer", "/along/mean_before");
                same.put("mean cosine in the answer", "/along/mean_in_answer");
                same.put("latents of the error at length 1", "/error_direction/active");
                same.put("what decoding them leaves of it", "/error_direction_left");
            }
            case "steering-decoding-other-saes" -> {
                same.put("relative error", "/readings/0/vector_error");
                same.put("without the bias", "/readings/0/vector_error_without_bias");
                same.put("positive, mean error", "/readings/0/positive/mean_error");
                same.put("neutral, mean error", "/readings/0/neutral/mean_error");
                same.put("template", "/readings/0/positive/by_segment/header");
                same.put("system prompt", "/readings/0/positive/by_segment/system");
                same.put("user's words", "/readings/0/positive/by_segment/user");
            }
            default -> throw new IllegalArgumentException("no study is beside the notebook " + name);
        }
        return same;
    }

    static Stream<Study<?>> studies() {
        return Studies.all().stream().filter(Study::replicates);
    }

    @ParameterizedTest
    @MethodSource("studies")
    @Tag("slow")
    void the_numbers_are_those_of_the_study(Study<?> study) {
        Map<String, Double> found = values(run(study.name()));
        try (LanguageModel model = LanguageModel.load("parley-7m", Device.CPU, DType.FP32);
                SparseAutoencoder sae =
                        SparseAutoencoder.load(Golden.parley().resolve("parley-7m-sae-l3.pth"), Device.CPU)) {
            LatentLabels labels = LatentLabels.read(Golden.parley().resolve("labels.jsonl"));
            StudySubject subject = new StudySubject(
                    model,
                    sae,
                    wanted -> {
                        Map<Integer, String> known = new LinkedHashMap<>();
                        wanted.forEach(latent -> labels.label(latent).ifPresent(label -> known.put(latent, label)));
                        return known;
                    },
                    StudyPresets.settings(StudyPresets.common(), StudyPresets.embedded(Golden.parley(), "pirate")),
                    temporary);
            JsonNode result = StudyJson.tree(study.run(subject, new TextWriter(subject), Progress.SILENT));
            same(study.name()).forEach((check, where) -> {
                double expected = result.at(where).asDouble(Double.NaN);
                assertThat(found).as(study.name()).containsKey(check);
                assertThat(found.get(check))
                        .as(study.name() + ", " + check)
                        .isCloseTo(expected, within(1e-4 * Math.max(1e-2, Math.abs(expected))));
            });
        }
    }

    /** The first of each name. */
    static Map<String, Double> values(NotebookRun run) {
        Map<String, Double> values = new LinkedHashMap<>();
        for (Checks.Check check : run.checks()) {
            values.putIfAbsent(check.name(), check.value());
        }
        return values;
    }
}
