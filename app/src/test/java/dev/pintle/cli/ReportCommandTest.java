package dev.pintle.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.pintle.run.OpenRun;
import dev.pintle.run.RunKey;
import dev.pintle.run.RunStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportCommandTest {
    @TempDir
    private Path data = Path.of("");

    private final List<Path> shown = new ArrayList<>();
    private String out = "";
    private String err = "";

    private int run(String... args) {
        Session session = new Session() {
            @Override
            public Path data() {
                return data;
            }

            @Override
            public void show(Path page) {
                shown.add(page);
            }
        };
        String[] all = new String[args.length + 1];
        all[0] = "report";
        System.arraycopy(args, 0, all, 1, args.length);
        CommandRun run = CommandRun.of(session, all);
        out = run.out();
        err = run.err();
        return run.status();
    }

    private String store(int seed, String stage, boolean finish) throws IOException {
        RunKey key = new RunKey(
                "demo", "1.0", "parley-7m@1", "sae@1", new ObjectMapper().readTree("{\"seed\": " + seed + "}"));
        try (OpenRun run = RunStore.in(data.resolve("runs")).begin(key, new ObjectMapper().readTree("{}"))) {
            run.keep("base", stage.getBytes(UTF_8));
            if (finish) {
                run.finish("<html>".getBytes(UTF_8));
            }
            return run.id();
        }
    }

    @Test
    void runs_are_listed_with_what_is_unusable() throws IOException {
        assertThat(run("list")).isZero();
        assertThat(out).isEqualTo("No runs yet; pintle demo creates one.\n");
        String stopped = store(1, "{}", false);
        String done = store(2, "{}", true);
        Path foreign = Files.createDirectories(data.resolve("runs").resolve("holiday"));
        assertThat(run("list")).isZero();
        assertThat(out)
                .startsWith("| run | what | model | started (UTC) | state | stages |\n")
                .contains("| " + stopped + " | demo | parley-7m@1 | ", " | stopped | 1 |\n")
                .contains("| " + done + " | demo | parley-7m@1 | ", " | finished | 1 |\n")
                .endsWith("unusable: " + foreign + ": it has no run.json\n");
        assertThat(run("list", "--json")).isZero();
        JsonNode json = new ObjectMapper().readTree(out);
        assertThat(json.at("/runs")).hasSize(2);
        assertThat(json.at("/runs").findValuesAsText("state")).containsExactlyInAnyOrder("stopped", "finished");
        assertThat(json.at("/unusable/0/reason").asText()).isEqualTo("it has no run.json");
    }

    @Test
    void open_prints_the_newest_page_and_shows_it() throws IOException {
        String id = store(1, "{}", true);
        Path page = data.resolve("runs").resolve(id).resolve("report.html");
        assertThat(run("open")).isZero();
        assertThat(out).isEqualTo(page + "\n");
        assertThat(run("open", id.substring(0, 11))).isZero();
        assertThat(shown).containsExactly(page, page);
    }

    @Test
    void a_run_without_a_page_and_an_unknown_one_are_refused() throws IOException {
        String id = store(1, "{}", false);
        assertThat(run("open", id)).isEqualTo(1);
        assertThat(err)
                .isEqualTo("The run has not finished, so it has no page yet.\n  run:    " + id
                        + "\n  stages: base\n  try:    the same command again, which resumes it; or pintle report page "
                        + id
                        + " --out FILE\n");
        assertThat(run("page", id)).isEqualTo(1);
        assertThat(err)
                .isEqualTo(
                        "There is nothing to write.\n  expected: --out FILE for the page, --figures DIR for the figures,"
                                + " or both\n");
        assertThat(run("open")).isEqualTo(1);
        assertThat(err).startsWith("No run has finished yet.\n  runs:      " + id + "\n");
        assertThat(run("diff", id, "none")).isEqualTo(1);
        assertThat(err).startsWith("There is no such run.\n  but was:   none\n  runs:      " + id + "\n");
        assertThat(shown).isEmpty();
    }

    @Test
    void diff_shows_what_changed_from_one_run_to_the_other() throws IOException {
        String a = store(1, "{\"error\": 580, \"text\": \"Ahoy\", \"same\": 1}", true);
        String b = store(2, "{\"error\": 576, \"text\": \"Hello\", \"same\": 1}", true);
        assertThat(run("diff", a, b)).isZero();
        assertThat(out)
                .startsWith("A: " + a + "  demo, parley-7m@1\nB: " + b + "  demo, parley-7m@1\n")
                .contains("\nSettings and environment:\n| | A | B |\n| --- | --- | --- |\n| settings/seed | 1 | 2 |\n")
                .contains("\nNumbers that changed by more than 1.0E-6: 1 of 2\n")
                .contains("| base/error | 580.000 | 576.000 | -4.00 | 0.0069 |\n")
                .contains("\nTexts that changed: 1\n  base/text\n    A: Ahoy\n    B: Hello\n");
        assertThat(run("diff", a, b, "--json", "--tolerance", "0.01")).isZero();
        JsonNode json = new ObjectMapper().readTree(out);
        assertThat(json.at("/numbers")).isEmpty();
        assertThat(json.at("/texts/0/path").asText()).isEqualTo("base/text");
        assertThat(run("diff", a, a)).isZero();
        assertThat(out).endsWith("\nNo differences; 2 numbers were compared.\n");
        assertThat(run("diff", a, b, "--tolerance", "-1")).isEqualTo(1);
        assertThat(err).isEqualTo("The tolerance must be 0 or more.\n  but was: -1.0\n");
    }

    @Test
    void a_browser_is_started_only_where_there_is_a_desktop() {
        Path page = Path.of("/runs/x/report.html");
        assertThat(Desktop.command(Map.of(), "Linux", page.toString())).isEmpty();
        assertThat(Desktop.command(Map.of("DISPLAY", ":0"), "Linux", page.toString()))
                .containsExactly("xdg-open", "/runs/x/report.html");
        assertThat(Desktop.command(Map.of("WAYLAND_DISPLAY", "w"), "Linux", page.toString()))
                .first()
                .isEqualTo("xdg-open");
        assertThat(Desktop.command(Map.of(), "Mac OS X", page.toString()))
                .first()
                .isEqualTo("open");
        assertThat(Desktop.command(Map.of(), "Windows 11", page.toString()))
                .first()
                .isEqualTo("rundll32");
    }
}
