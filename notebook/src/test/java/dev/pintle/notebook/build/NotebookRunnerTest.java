package dev.pintle.notebook.build;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.pintle.base.PintleException;
import dev.pintle.notebook.Checks;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

class NotebookRunnerTest {
    private static final String SOURCE = """
            // ---
            // jupyter: {}
            // ---

            // %% [markdown]
            // # A title
            //
            // Text with `code`.

            // %%
            import static dev.pintle.notebook.Nb.*;
            record Row(String name, double value) {}
            int half(int x) {
                return x / 2;
            }

            // %% tags=["change-me"]
            var x = 42;
            System.out.println("half is " + half(x));
            show("<b>" + x + "</b>");
            table("Rows", java.util.List.of(new Row("one", 1)));
            check("half", 21, half(x));

            // %% tags=["solution"]
            check("solved", half(2) == 1);

            // %%
            x + 1
            """;

    private static NotebookRun run(String source) {
        return NotebookRunner.run(NotebookSource.parse("test", source), cell -> {});
    }

    @Test
    void cells_are_read_with_their_kinds_tags_and_lines() {
        NotebookSource source = NotebookSource.parse("test", SOURCE);
        assertThat(source.title()).isEqualTo("A title");
        assertThat(source.cells())
                .extracting(Cell::kind)
                .containsExactly(
                        Cell.Kind.MARKDOWN, Cell.Kind.CODE, Cell.Kind.CODE, Cell.Kind.SOLUTION, Cell.Kind.CODE);
        assertThat(source.cells().get(0).text()).isEqualTo("# A title\n\nText with `code`.");
        assertThat(source.cells().get(2).tags()).containsExactly("change-me");
        assertThat(source.cells().get(1).line()).isEqualTo(11);
    }

    @Test
    void cells_run_in_order_and_share_what_they_declare() {
        NotebookRun run = run(SOURCE);
        assertThat(run.failure()).isEmpty();
        assertThat(run.checks()).extracting(Checks.Check::name).containsExactly("half", "solved");
        List<RunCell.Shown> shown = run.cells().get(2).outputs();
        assertThat(shown).hasSize(4);
        assertThat(shown.get(0)).isEqualTo(new RunCell.Lines("half is 21\n"));
        assertThat(((RunCell.Value) shown.get(1)).rendered().html()).contains("&lt;b&gt;42&lt;/b&gt;");
        assertThat(((RunCell.Value) shown.get(2)).rendered().text()).isEqualTo("Rows\nname  value\none   1.000");
        assertThat(shown.get(3)).isEqualTo(new RunCell.Lines("✓ half: 21\n"));
        assertThat(((RunCell.Value) run.cells().get(4).outputs().get(0))
                        .rendered()
                        .text())
                .isEqualTo("43");
    }

    @Test
    void a_check_that_fails_ends_the_run_and_is_named() {
        NotebookRun run = run("""
                // %%
                import static dev.pintle.notebook.Nb.*;
                check("first", true);

                // %%
                check("second", 1, 2.5, 0.1);
                check("third", true);

                // %%
                check("fourth", true);
                """);
        NotebookRun.Failure failure = run.failure().orElseThrow();
        assertThat(failure.cell().line()).isEqualTo(6);
        assertThat(failure.message()).isEqualTo("""
                        A check does not hold.
                          check:    second
                          expected: 1.0 ± 0.1
                          but was:  2.5""");
        assertThat(run.cells()).hasSize(2);
        assertThat(run.checks()).extracting(Checks.Check::held).containsExactly(true, false);
    }

    @Test
    void what_does_not_compile_ends_the_run_with_the_compilers_words() {
        assertThat(run("// %%\nint x = \"text\";\n").failure().orElseThrow().message())
                .contains("incompatible types", "in: int x = \"text\";");
        assertThat(run("// %%\nint f() { return missing(); }\n")
                        .failure()
                        .orElseThrow()
                        .message())
                .contains("missing");
        assertThat(run("// %%\nfor (int i = 0; i < 3; i++) {\n")
                        .failure()
                        .orElseThrow()
                        .message())
                .contains("ends within a statement");
        assertThat(run("// %%\nthrow new java.io.IOException(\"gone\");\n")
                        .failure()
                        .orElseThrow()
                        .message())
                .isEqualTo("java.io.IOException: gone");
    }

    @Test
    void a_text_without_cells_of_code_is_refused() {
        assertThatThrownBy(() -> NotebookSource.parse("test", "class A {}"))
                .isInstanceOf(PintleException.class)
                .hasMessage("""
                        The file is not a notebook source.
                          file:     test
                          expected: lines // %% or // %% [markdown] that begin cells, at least one of code""");
    }

    @Test
    void a_built_file_is_the_same_each_time_and_says_nothing_of_this_machine() throws IOException {
        String source = SOURCE + "\n// %%\nshow(System.getProperty(\"user.home\") + \"/x\");\n";
        String built = NotebookFile.json(run(source));
        assertThat(NotebookFile.json(run(source))).isEqualTo(built);
        assertThat(built).doesNotContain("\"" + System.getProperty("user.home"));
        JsonNode notebook = new ObjectMapper().readTree(built);
        assertThat(notebook.at("/nbformat").asInt()).isEqualTo(4);
        assertThat(notebook.at("/metadata/kernelspec/name").asText()).isEqualTo("pintle");
        assertThat(notebook.at("/cells/2/id").asText()).isEqualTo("cell-03");
        assertThat(notebook.at("/cells/2/metadata/tags/0").asText()).isEqualTo("change-me");
        assertThat(notebook.at("/cells/2/outputs/0/output_type").asText()).isEqualTo("stream");
        assertThat(notebook.at("/cells/2/outputs/2/data/text~1html/0").asText()).startsWith("<table>");
        assertThat(notebook.at("/cells/3/cell_type").asText()).isEqualTo("markdown");
        assertThat(notebook.at("/cells/3/source/0").asText()).isEqualTo("<details>\n");
        assertThat(notebook.at("/cells/4/execution_count").asInt()).isEqualTo(3);
    }
}
