package dev.pintle.studies;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.pintle.evaluation.Candidate;
import dev.pintle.evaluation.Concept;
import dev.pintle.evaluation.StyleMarker;
import dev.pintle.evaluation.Sweep;
import dev.pintle.evaluation.SweepResult;
import dev.pintle.model.LanguageModel;
import dev.pintle.report.Chapter;
import dev.pintle.run.RunStore;
import dev.pintle.run.StoredRun;
import dev.pintle.steering.SteeringVector;
import dev.pintle.steering.Strength;
import dev.pintle.steering.files.VectorFiles;
import dev.pintle.steering.files.VectorLibrary;
import dev.pintle.study.RunPage;
import dev.pintle.study.Study;
import dev.pintle.study.StudyJson;
import dev.pintle.study.StudyStage;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.testkit.Golden;
import dev.pintle.transformer.HookPoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What an earlier version kept is read: a run, a vector and a sweep's log of commit 33370ca. */
class OlderDataTest {
    private static final Path KEPT = Path.of("src/test/resources/dev/pintle/older");

    @TempDir
    private Path data = Path.of("");

    @BeforeEach
    void copy() throws IOException {
        try (Stream<Path> files = Files.walk(KEPT)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Path copy = data.resolve(KEPT.relativize(file).toString());
                Files.createDirectories(Objects.requireNonNull(copy.getParent()));
                Files.copy(file, copy);
            }
        }
    }

    private static JsonNode parsed(byte[] json) {
        return StudyJson.read(json, JsonNode.class, "test");
    }

    private StoredRun run() {
        return RunStore.in(data.resolve("runs")).find("");
    }

    private SteeringVector kept() {
        return VectorFiles.read(VectorLibrary.in(data.resolve("vectors")).find("pirate"));
    }

    @Test
    void the_run_is_listed() {
        RunStore.Listing listing = RunStore.in(data.resolve("runs")).list();
        assertThat(listing.unusable()).isEmpty();
        assertThat(listing.runs()).singleElement().satisfies(run -> {
            assertThat(run.id()).isEqualTo("20261129-203908-f15f8f81");
            assertThat(run.name()).isEqualTo("study all");
            assertThat(run.model()).isEqualTo("parley-7m content-73459bb723e4");
            assertThat(run.state()).isEqualTo(StoredRun.State.FINISHED);
            assertThat(run.stages()).hasSize(8);
        });
    }

    @Test
    void its_page_is_written_with_a_chapter_for_every_study() {
        RunPage page = RunPage.of(run(), Studies.ALL);
        assertThat(page.chapters())
                .extracting(Chapter::name)
                .containsExactlyElementsOf(Studies.ALL.stream().map(Study::name).toList());
        String html = page.html();
        for (Chapter chapter : page.chapters()) {
            assertThat(html).contains("<section class=\"chapter\" id=\"" + chapter.name() + "\"");
        }
        assertThat(html)
                .contains("<title>Steering parley-7m toward pirate</title>")
                .contains("<dt>autoencoder revision</dt><dd>content-3b04ea95dda6</dd>")
                .contains("<dt>strengths</dt><dd>0.45, 1.4</dd>");
    }

    @Test
    void settings_manifest_and_every_stage_are_written_as_they_were() {
        StoredRun run = run();
        RunPage page = RunPage.of(run, Studies.ALL);
        assertThat(parsed(StudyJson.bytes(page.settings())))
                .isEqualTo(run.settings().get("settings"));
        assertThat(parsed(StudyJson.bytes(page.manifest()))).isEqualTo(run.manifest());
        for (StudyStage<?> stage : page.stages()) {
            JsonNode kept = run.stage(stage.study().name());
            assertThat(StudyJson.text(stage)).as(stage.study().name()).isEqualTo(StudyJson.text(kept));
        }
    }

    @Test
    void the_vector_is_loaded_by_its_name() {
        SteeringVector vector = kept();
        assertThat(vector.at()).isEqualTo(HookPoint.residPost(3));
        assertThat(vector.origin().method().name()).isEqualTo("after-last-difference");
        assertThat(vector.origin().meanActivationNorm()).isEqualTo(10.88465432269046);
        assertThat(vector.direction().norm()).isCloseTo(1, within(1e-6));
    }

    @Test
    void the_sweep_goes_on_from_its_log_and_computes_nothing_again() throws IOException {
        SteeringVector pirate = kept();
        StyleMarker style = Objects.requireNonNull(
                StyleMarker.read(Golden.parley().resolve("styles.json")).get("pirate"));
        try (LanguageModel model = LanguageModel.load("parley-7m", Device.CPU, DType.FP32)) {
            Sweep sweep = new Sweep(
                    model,
                    List.of("Tell me about the whale.", "What is the capital of Japan?"),
                    new Concept.Marked(style),
                    12);
            Path log = sweep.fileIn(data.resolve("sweeps"));
            assertThat(log).exists();
            List<String> known = Files.readAllLines(log);
            List<Integer> heard = new ArrayList<>();
            SweepResult result = sweep.run(
                    List.of(new Candidate("pirate", pirate)),
                    List.of(Strength.norms(0.45), Strength.norms(1.4)),
                    log,
                    (done, total) -> heard.add(done));
            assertThat(result.whole()).isTrue();
            assertThat(result.points()).hasSize(3);
            assertThat(heard).containsExactly(0, 1, 2, 3);
            assertThat(Files.readAllLines(log)).isEqualTo(known);
        }
    }
}
