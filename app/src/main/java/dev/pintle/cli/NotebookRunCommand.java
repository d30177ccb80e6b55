package dev.pintle.cli;

import dev.pintle.base.Problem;
import dev.pintle.notebook.Checks;
import dev.pintle.notebook.NotebookSettings;
import dev.pintle.notebook.build.NotebookRun;
import dev.pintle.notebook.build.NotebookRunner;
import dev.pintle.notebook.build.NotebookSource;
import dev.pintle.notebook.build.RunCell;
import dev.pintle.report.Words;
import java.io.PrintWriter;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code pintle notebook run}. */
@Command(
        name = "run",
        mixinStandardHelpOptions = true,
        description = {
            "Runs notebooks without Jupyter and prints their output as text.",
            "If a check fails, names it and exits with status 1."
        })
final class NotebookRunCommand implements Callable<Integer> {
    @Mixin
    private NotebookChoice notebooks = new NotebookChoice();

    @Option(
            names = "--settings",
            paramLabel = "FILE",
            description =
                    "llama-3.1-8b, or a JSON file such as {\"style\": \"chef\"}; in Jupyter, set" + " PINTLE_NOTEBOOK.")
    private @Nullable String settings;

    @Option(names = "--quiet", description = "Print only the checks.")
    private boolean quiet;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        List<NotebookSource> sources = notebooks.sources();
        if (settings != null) {
            NotebookSettings.read(settings); // refuses now what no cell could use
            System.setProperty(NotebookSettings.VARIABLE, settings);
        }
        try {
            for (NotebookSource source : sources) {
                out.println("# " + source.title() + "\n");
                NotebookRun run = NotebookRunner.run(source, cell -> print(cell, out));
                require(run);
                out.println(checks(run) + "\n");
                out.flush();
            }
        } finally {
            System.clearProperty(NotebookSettings.VARIABLE);
        }
        return 0;
    }

    static String checks(NotebookRun run) {
        return run.source().name() + ": " + Words.count(run.checks().size(), "check")
                + (run.checks().size() == 1 ? " holds" : " hold");
    }

    /** @throws dev.pintle.base.PintleException saying where it ended early, and why */
    static void require(NotebookRun run) {
        run.failure().ifPresent(failure -> {
            Problem problem = Problem.of("The notebook did not run to its end.")
                    .fact(
                            "notebook",
                            run.source().name() + ".java, the cell at line "
                                    + failure.cell().line());
            List<Checks.Check> failed =
                    run.checks().stream().filter(check -> !check.held()).toList();
            for (Checks.Check check : failed) {
                problem = problem.fact("failed check", check.name());
            }
            throw problem.fact("cause", failure.message()).toException();
        });
    }

    private void print(RunCell ran, PrintWriter out) {
        for (RunCell.Shown shown : ran.outputs()) {
            if (shown instanceof RunCell.Lines printed) {
                out.print(printed.text());
            } else if (!quiet) {
                out.println(((RunCell.Value) shown).rendered().text() + "\n");
            }
        }
        out.flush();
    }
}
