package dev.pintle.cli;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code pintle sae}: sparse autoencoders. */
@Command(
        name = "sae",
        mixinStandardHelpOptions = true,
        description = "Loads sparse autoencoders, and decomposes vectors and texts with them.",
        subcommands = {
            SaeInfoCommand.class,
            SaeCheckCommand.class,
            SaeEncodeCommand.class,
            SaeDecomposeCommand.class,
            SaeProfileCommand.class,
            SaeMergeProfilesCommand.class,
            SaeLabelsCommand.class,
            SaeShowCommand.class
        })
final class SaeCommand implements Runnable {
    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public void run() {
        Objects.requireNonNull(spec)
                .commandLine()
                .usage(Objects.requireNonNull(spec).commandLine().getOut());
    }
}
