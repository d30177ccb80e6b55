package dev.pintle.cli;

import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code pintle vector rename}. */
@Command(name = "rename", mixinStandardHelpOptions = true, description = "Renames a saved vector.")
final class VectorRenameCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "NAME", description = "Current name.")
    private String from = "";

    @Parameters(index = "1", paramLabel = "NEW", description = "New name.")
    private String to = "";

    @Option(names = "--force", description = "Take the new name from another vector, whose file is kept.")
    private boolean force;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        Session.library(Objects.requireNonNull(spec)).vectors().rename(from, to, force);
        Objects.requireNonNull(spec).commandLine().getOut().println(from + " is now " + to);
        return 0;
    }
}
