package dev.pintle.cli;

import dev.pintle.library.Library;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Which autoencoder a command looks at, shared by those that need its name or labels alone. */
@HelpSection.In(HelpSection.AUTOENCODER)
class SaeFile {
    @Option(
            names = "--sae",
            paramLabel = "SAE",
            description = "Autoencoder: a file, a folder, or a repository in the cache, org/name[@revision][:folder]"
                    + " (default: the one of the embedded model).")
    private @Nullable String sae;

    @Spec(Spec.Target.MIXEE)
    private @Nullable CommandSpec command;

    Path file() {
        return find(sae, Objects.requireNonNull(command));
    }

    /** The file or folder of an autoencoder; of the embedded one where none is named. */
    static Path find(@Nullable String sae, CommandSpec command) {
        Library library = Session.library(command);
        return sae == null ? library.embeddedAutoencoder() : library.autoencoderFile(sae);
    }

    /** A name for files of its own. */
    String name() {
        return String.valueOf(file().getFileName()).replaceAll("\\.[A-Za-z]{1,11}$", "");
    }
}
