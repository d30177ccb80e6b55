package dev.pintle.spark;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pintle.base.Progress;
import dev.pintle.evaluation.Candidate;
import dev.pintle.evaluation.Sweep;
import dev.pintle.evaluation.SweepResult;
import dev.pintle.library.Library;
import dev.pintle.model.LanguageModel;
import dev.pintle.steering.Strength;
import dev.pintle.steering.Tokens;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Small sweeps, and what they come to on one machine without Spark. */
final class Sweeps {
    /** So many that each setting is a group. */
    private static final List<String> QUESTIONS = IntStream.range(0, 33)
            .mapToObj(i -> List.of("Tell me about the whale.", "Hello, how are you?", "Who are you?", "What is bread?")
                            .get(i % 4)
                    + " " + i)
            .toList();

    private Sweeps() {}

    static SweepJob job(List<String> styles, String layers, double... strengths) {
        return jobOf(styles.stream().map(ConceptSpec::ofStyle).toList(), layers, strengths);
    }

    static SweepJob jobOf(List<ConceptSpec> concepts, String layers, double... strengths) {
        return new SweepJob(
                List.of(ModelSpec.of("parley-7m")),
                concepts,
                List.of(),
                List.of("after-last-difference"),
                List.of(layers),
                java.util.Arrays.stream(strengths).mapToObj(Strength::norms).toList(),
                "all",
                JobSteering.NONE,
                QUESTIONS,
                4);
    }

    /** What {@code pintle sweep} comes to, by concept; with a folder's logs, it computes only what they lack. */
    static Map<String, SweepResult> plain(SweepJob job, Path logs, boolean computes) {
        Map<String, SweepResult> results = new LinkedHashMap<>();
        try (Library library = Library.open();
                LanguageModel model =
                        library.model("parley-7m", job.models().get(0).options())) {
            for (ConceptSpec concept : job.concepts()) {
                Sweep sweep = new Sweep(model, job.questions(), concept.concept(), job.maxNewTokens());
                List<Candidate> candidates = Candidate.fitted(
                        model,
                        Map.of("after-last-difference", concept.prompts().method("after-last-difference")),
                        dev.pintle.cli.LayerList.of(job.layers(), 8),
                        Tokens.all(),
                        Progress.SILENT);
                Path file = sweep.fileIn(logs);
                long size = Files.exists(file) ? file.toFile().length() : 0;
                SweepResult result = sweep.run(candidates, job.strengths(), file, Sweep.Listener.SILENT);
                if (!computes) {
                    assertThat(file.toFile().length()).as("the log was whole").isEqualTo(size);
                }
                results.put(concept.name(), result);
            }
        }
        return results;
    }

    /** The files of points by name: every row and the metadata. (Parquet lists encodings in an order of the JVM's own.) */
    static Map<String, String> points(Path out) throws IOException {
        Map<String, String> files = new TreeMap<>();
        try (Stream<Path> all = Files.list(out.resolve("points"))) {
            for (Path file :
                    all.filter(one -> one.toString().endsWith(".parquet")).toList()) {
                files.put(
                        String.valueOf(file.getFileName()),
                        SweepRows.read(file) + " " + new TreeMap<>(ParquetFiles.metadata(file)));
            }
        }
        return files;
    }
}
