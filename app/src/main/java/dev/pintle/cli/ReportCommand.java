package dev.pintle.cli;

import dev.pintle.run.RunStore;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code pintle report}: saved runs. */
@Command(
        name = "report",
        mixinStandardHelpOptions = true,
        description = "Lists, opens and compares saved runs of studies.",
        subcommands = {
            ReportListCommand.class,
            ReportOpenCommand.class,
            ReportDiffCommand.class,
            ReportPageCommand.class
        })
final class ReportCommand implements Runnable {
    @Spec
    private @Nullable CommandSpec spec;

    /** The user's saved runs. */
    static RunStore runs(@Nullable CommandSpec spec) {
        return Session.library(Objects.requireNonNull(spec)).runs();
    }

    @Override
    public void run() {
        Objects.requireNonNull(spec)
                .commandLine()
                .usage(Objects.requireNonNull(spec).commandLine().getOut());
    }
}
