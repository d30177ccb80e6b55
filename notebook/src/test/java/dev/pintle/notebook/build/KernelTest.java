package dev.pintle.notebook.build;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.testkit.Golden;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Notebooks through Jupyter's own runner and the real kernel, where nbconvert is installed. */
@Tag("slow")
class KernelTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int PATIENCE_MINUTES = 10;

    @TempDir
    private static Path temporary;

    /**
     * Two kernels, each of which runs half of the notebooks one after the other: most of what a kernel takes is the start of its
     * JVM. That a notebook needs none before it is {@link NotebooksTest}'s to show.
     */
    private static final int KERNELS = 2;

    /** The name under which cells that show values run, with the first kernel's notebooks. */
    private static final String SHOWN = "shown";

    private static final ExecutorService CONVERTERS = Executors.newFixedThreadPool(KERNELS);
    private static final Map<String, Future<Converted>> CONVERTED = new HashMap<>();

    private record Converted(int status, String messages, Path file) {}

    @BeforeEach
    void nbconvert_is_here() {
        assumeTrue(
                program().isPresent(),
                "jupyter-nbconvert is not installed, so that no notebook is run through a kernel; .ci/install-test-tools"
                        + " installs it");
    }

    @BeforeAll
    static void convertAll() throws IOException {
        if (program().isPresent()) {
            Path shown = shown();
            List<String> all = Stream.concat(Stream.of(SHOWN), names()).toList();
            for (int kernel = 0; kernel < KERNELS; kernel++) {
                int first = kernel;
                List<String> own = IntStream.range(0, all.size())
                        .filter(i -> i % KERNELS == first)
                        .mapToObj(all::get)
                        .toList();
                Future<Converted> converted = CONVERTERS.submit(() -> convert(joined(own, shown)));
                own.forEach(name -> CONVERTED.put(name, converted));
            }
        }
    }

    /** The run of which a notebook was a part, which must have gone to its end. */
    private static Converted converted(String name) throws InterruptedException, ExecutionException {
        Converted run = Objects.requireNonNull(CONVERTED.get(name)).get();
        assertThat(run.status()).as(run.messages()).isZero();
        return run;
    }

    /** Notebooks one after the other, as one; cells have {@code NOTEBOOK_ID} for their ids. */
    private static Path joined(List<String> names, Path shown) throws IOException {
        ObjectNode joined = (ObjectNode) JSON.readTree(Files.readString(built(names.get(1))));
        ArrayNode cells = joined.putArray("cells");
        for (String name : names) {
            Path notebook = name.equals(SHOWN) ? shown : built(name);
            for (JsonNode cell : JSON.readTree(Files.readString(notebook)).get("cells")) {
                cells.add(((ObjectNode) cell)
                        .put("id", name + "_" + cell.get("id").asText()));
            }
        }
        Path file = Files.createTempDirectory(temporary, "source").resolve("joined.ipynb");
        Files.writeString(file, joined.toString());
        return file;
    }

    @AfterAll
    static void stop() {
        CONVERTERS.shutdownNow();
    }

    private static Path built(String name) {
        return Golden.projectRoot().resolve("notebooks").resolve(name + ".ipynb");
    }

    private static Optional<Path> program() {
        return Jupyter.ofThisUser().program("jupyter-nbconvert");
    }

    private static Converted convert(Path notebook) throws IOException, InterruptedException {
        Path folder = Files.createTempDirectory(temporary, "run");
        Path kernels = folder.resolve("jupyter");
        KernelSpec.ofThisJava(Places.kernelJar(), Golden.projectRoot()).install(kernels);
        Path log = folder.resolve("log.txt");
        ProcessBuilder builder = new ProcessBuilder(
                        program().orElseThrow().toString(),
                        "--to",
                        "notebook",
                        "--execute",
                        "--ExecutePreprocessor.timeout=600",
                        "--ExecutePreprocessor.kernel_name=" + KernelSpec.NAME,
                        "--output",
                        "out.ipynb",
                        "--output-dir",
                        folder.toString(),
                        notebook.toString())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile());
        builder.environment().put("JUPYTER_PATH", kernels.toString());
        builder.environment().put("JDK_JAVA_OPTIONS", "-XX:+UseSerialGC"); // as in the JVMs of tests
        Process process = builder.start();
        assertThat(process.waitFor(PATIENCE_MINUTES, TimeUnit.MINUTES)).isTrue();
        return new Converted(
                process.exitValue(), Files.readString(log, StandardCharsets.UTF_8), folder.resolve("out.ipynb"));
    }

    private static Path notebook(String... cells) throws IOException {
        NotebookSource source = NotebookSource.parse("test", String.join("\n", cells));
        List<RunCell> unrun = source.cells().stream()
                .map(cell -> new RunCell(cell, List.of()))
                .toList();
        Path file = Files.createTempDirectory(temporary, "source").resolve("test.ipynb");
        Files.writeString(file, NotebookFile.json(new NotebookRun(source, unrun, List.of(), Optional.empty())));
        return file;
    }

    private static Path shown() throws IOException {
        return notebook(
                "// %%\nimport static dev.pintle.notebook.Nb.*;",
                "// %%\n\"<b>bold</b>\"",
                "// %%\nshow(\"<script>1</script>\");",
                "// %%\nprogress(\"texts\", 0, 2); progress(\"texts\", 1, 2); progress(\"texts\", 2, 2);",
                "// %%\ncheck(\"one\", 1, 1, 0);",
                "// %%\nnew int[] {1, 2}");
    }

    @Test
    void a_cells_last_value_is_escaped_and_void_calls_leave_no_result() throws Exception {
        JsonNode cells =
                JSON.readTree(Files.readString(converted(SHOWN).file())).get("cells");
        assertThat(cells.get(0).get("id").asText()).startsWith(SHOWN);
        assertThat(html(cells.get(1))).contains("&lt;b&gt;bold&lt;/b&gt;").doesNotContain("<b>");
        assertThat(html(cells.get(2))).contains("&lt;script&gt;").doesNotContain("<script");
        assertThat(cells.get(2).get("outputs")).hasSize(1);
        assertThat(cells.get(3).get("outputs")).as("one place, updated").hasSize(1);
        assertThat(html(cells.get(3))).contains("2 of 2");
        assertThat(cells.get(4).at("/outputs/0/text").toString()).contains("✓ one: 1");
        assertThat(cells.get(5).at("/outputs/0/data/text~1plain").toString()).contains("[1, 2]");
    }

    private static String html(JsonNode cell) {
        JsonNode html = cell.at("/outputs/0/data/text~1html");
        StringBuilder text = new StringBuilder(html.isTextual() ? html.asText() : "");
        html.forEach(line -> text.append(line.asText()));
        return text.toString();
    }

    @Test
    void a_check_that_fails_fails_the_run() throws IOException, InterruptedException {
        Converted run =
                convert(notebook("// %%\nimport static dev.pintle.notebook.Nb.*;\ncheck(\"cosine\", 1, 0.5, 1e-6);"));
        assertThat(run.status()).isNotZero();
        assertThat(run.messages()).contains("A check does not hold.", "cosine");
    }

    static Stream<String> names() {
        return NotebooksTest.names();
    }

    @ParameterizedTest
    @MethodSource("names")
    void a_notebook_makes_the_same_checks_in_jupyter(String name) throws Exception {
        assertThat(checks(converted(name).file(), name + "_"))
                .isEqualTo(checks(built(name), ""))
                .isNotEmpty();
    }

    /** @param prefix of the ids of the cells that count */
    private static List<String> checks(Path notebook, String prefix) throws IOException {
        List<String> checks = new ArrayList<>();
        for (JsonNode cell : JSON.readTree(Files.readString(notebook)).get("cells")) {
            if (cell.get("id").asText().startsWith(prefix)) {
                cell.path("outputs").forEach(output -> {
                    assertThat(output.path("output_type").asText()).isNotEqualTo("error");
                    StringBuilder text = new StringBuilder(output.path("text").asText(""));
                    output.path("text").forEach(line -> text.append(line.asText()));
                    text.toString().lines().filter(line -> line.startsWith("✓")).forEach(checks::add);
                });
            }
        }
        return checks;
    }
}
