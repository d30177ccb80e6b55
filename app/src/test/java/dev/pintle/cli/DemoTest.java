package dev.pintle.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DemoTest {
    @Test
    @Tag("slow")
    void the_demo_runs_every_study_and_leaves_a_page_that_needs_no_network(@TempDir Path folder) throws IOException {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        Path page = folder.resolve("deep/er/index.html");
        Session session = new Session() {
            @Override
            public Path data() {
                return folder.resolve("data");
            }
        };
        assertThat(Main.run(session, new PrintWriter(out), new PrintWriter(err), "demo", "--out", page.toString()))
                .as(err.toString())
                .isZero();
        assertThat(out.toString()).endsWith("Full report: " + page + System.lineSeparator());
        assertThat(Files.readString(page))
                .contains("<svg")
                .contains("id=\"numbers\"")
                .contains("Ahoy")
                .contains("conversation held in pirate style")
                .doesNotContain("src=\"http")
                .doesNotContain("url(http");
        Path anew = folder.resolve("anew.html");
        Path figures = folder.resolve("figures");
        StringWriter written = new StringWriter();
        String[] again = {"report", "page", "--out", anew.toString(), "--figures", figures.toString()};
        assertThat(Main.run(session, new PrintWriter(written), new PrintWriter(err), again))
                .as(err.toString())
                .isZero();
        assertThat(anew).hasSameTextualContentAs(page);
        assertThat(written.toString())
                .startsWith(anew + System.lineSeparator())
                .contains(" figures, each as SVG and PNG");
        assertThat(figures.resolve("quality-01-how-much-the-answers-show-the-concept-dark.svg"))
                .exists();
        assertThat(figures.resolve("quality-01-how-much-the-answers-show-the-concept-light.png"))
                .exists();
    }

    @Test
    void a_style_the_model_does_not_know_lists_those_it_does() {
        StringWriter err = new StringWriter();
        assertThat(Main.run(new PrintWriter(new StringWriter()), new PrintWriter(err), "demo", "--style", "ninja"))
                .isEqualTo(1);
        assertThat(err.toString()).contains("but was: ninja").contains("choose:  pirate, bard");
    }
}
