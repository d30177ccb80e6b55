package dev.pintle.cli;

import dev.pintle.library.Library;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The autoencoder a command refers to, for commands that need only its name or labels. */
@HelpSection.In(HelpSection.AUTOENCODER)
class SaeFile {
    @Option(
            names = "--sae",
            paramLabel = "SAE",
            description = "Autoencoder: a file, a folder, or a cached repository, org/name[@revision][:folder]"
                    + " (default: the embedded model's).")
    private @Nullable String sae;

    @Spec(Spec.Target.MIXEE)
    private @Nullable CommandSpec command;

    Path file() {
        return find(sae, Objects.requireNonNull(command));
    }

    /** Whether one is named, for commands that run without. */
    boolean isNamed() {
        return sae != null;
    }

    /** The file or folder of an autoencoder; the embedded one if none is named. */
    static Path find(@Nullable String sae, CommandSpec command) {
        Library library = Session.library(command);
        return sae == null ? library.embeddedAutoencoder() : library.autoencoderFile(sae);
    }

    /** The autoencoder's file name without extension, under which its profile is saved. */
    String name() {
        return Library.profileName(file());
    }
}
