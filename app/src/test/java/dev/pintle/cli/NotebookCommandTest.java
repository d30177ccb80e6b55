package dev.pintle.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NotebookCommandTest {
    @TempDir
    private Path folder = Path.of("");

    private CommandRun run(String... args) {
        return CommandRun.of(folder, Map.of(), args);
    }

    private String source(String checks) throws IOException {
        Path file = folder.resolve("mine.java");
        Files.writeString(
                file,
                "// %% [markdown]\n// # Mine\n\n// %%\nimport static dev.pintle.notebook.Nb.*;\nshow(\"shown\");\n"
                        + checks);
        return file.toString();
    }

    @Test
    void a_notebook_runs_without_jupyter() throws IOException {
        CommandRun run = run("notebook", "run", source("check(\"half\", 21, 42 / 2);\n"));
        assertThat(run.err()).isEmpty();
        assertThat(run.out()).isEqualTo("# Mine\n\nshown\n\n✓ half: 21\nmine: 1 check holds\n\n");
        assertThat(run.status()).isZero();
    }

    @Test
    void a_check_that_fails_is_named_and_ends_with_status_1() throws IOException {
        CommandRun run = run("notebook", "run", "--quiet", source("check(\"half\", 20, 42 / 2);\n"));
        assertThat(run.status()).isEqualTo(1);
        assertThat(run.out()).isEqualTo("# Mine\n\n✗ half: expected 20, found 21\n");
        assertThat(run.err()).isEqualTo("""
                        The notebook did not run to its end.
                          notebook:     mine.java, the cell at line 5
                          failed check: half
                          cause:        A check does not hold.
                                          check:    half
                                          expected: 20
                                          but was:  21
                        """);
    }

    @Test
    void a_built_notebook_holds_what_its_cells_showed() throws IOException {
        CommandRun run = run("notebook", "build", source(""), "--out", folder.toString());
        assertThat(run.status()).as(run.err()).isZero();
        assertThat(Files.readString(folder.resolve("mine.ipynb"))).contains("\"shown\"", "\"name\" : \"pintle\"");
    }

    @Test
    void an_unknown_notebook_or_setting_is_refused_with_what_there_is() throws IOException {
        CommandRun unknown = run("notebook", "run", "quick-strat");
        assertThat(unknown.status()).isEqualTo(1);
        assertThat(unknown.err())
                .startsWith("There is no such notebook.\n  but was:  quick-strat\n")
                .contains("all-position-caa, base, bring-your-own-model", "nearest:  quick-start");
        CommandRun settings = run("notebook", "run", source(""), "--settings", "nothing.json");
        assertThat(settings.status()).isEqualTo(1);
        assertThat(settings.err()).isEqualTo("""
                        The notebook settings were not found.
                          variable: PINTLE_NOTEBOOK
                          expected: llama-3.1-8b, or a JSON file such as {"style": "chef"}
                          but was:  nothing.json
                        """);
    }
}
