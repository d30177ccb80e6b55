package dev.pintle.cli;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code pintle notebook}: notebooks in Java. */
@Command(
        name = "notebook",
        mixinStandardHelpOptions = true,
        description = "Runs notebooks in Java, builds them from their sources, and opens them in Jupyter.",
        subcommands = {
            NotebookRunCommand.class,
            NotebookOpenCommand.class,
            NotebookInstallCommand.class,
            NotebookBuildCommand.class
        })
final class NotebookCommand implements Runnable {
    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public void run() {
        Objects.requireNonNull(spec)
                .commandLine()
                .usage(Objects.requireNonNull(spec).commandLine().getOut());
    }
}
