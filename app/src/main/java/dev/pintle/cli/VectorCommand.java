package dev.pintle.cli;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code pintle vector}: steering vectors. */
@Command(
        name = "vector",
        mixinStandardHelpOptions = true,
        description = "Fits, saves, shows, compares and converts steering vectors.",
        subcommands = {
            VectorFitCommand.class,
            VectorListCommand.class,
            VectorShowCommand.class,
            VectorCompareCommand.class,
            VectorConvertCommand.class,
            VectorExportCommand.class,
            VectorRenameCommand.class,
            VectorRemoveCommand.class
        })
final class VectorCommand implements Runnable {
    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public void run() {
        Objects.requireNonNull(spec)
                .commandLine()
                .usage(Objects.requireNonNull(spec).commandLine().getOut());
    }
}
