package dev.pintle.cli;

import dev.pintle.base.Problem;
import dev.pintle.run.StoredRun;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code pintle report open}. */
@Command(
        name = "open",
        mixinStandardHelpOptions = true,
        description = "Prints the path of a run's page, and opens it in a browser if there is a desktop.")
final class ReportOpenCommand implements Callable<Integer> {
    @Parameters(
            arity = "0..1",
            paramLabel = "RUN",
            description = "Id of a run, or part of one (default: the newest finished run).")
    private String id = "";

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        StoredRun run = ReportCommand.runs(spec).find(id);
        if (run.finished().isEmpty()) {
            throw Problem.of("The run has not finished, so it has no page yet.")
                    .fact("run", run.id())
                    .fact("stages", run.stages().isEmpty() ? "none" : String.join(", ", run.stages()))
                    .fact(
                            "try",
                            "the same command again, which resumes it; or pintle report page " + run.id()
                                    + " --out FILE")
                    .toException();
        }
        Objects.requireNonNull(spec).commandLine().getOut().println(run.report());
        Session.of(Objects.requireNonNull(spec)).show(run.report());
        return 0;
    }
}
