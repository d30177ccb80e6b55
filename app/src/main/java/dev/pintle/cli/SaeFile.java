package dev.pintle.cli;

import dev.pintle.base.Problem;
import dev.pintle.hub.ModelFolders;
import dev.pintle.sae.SaeFolders;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Which autoencoder a command looks at, shared by those that need its name or labels alone. */
@HelpSection.In(HelpSection.AUTOENCODER)
class SaeFile {
    private static final String EMBEDDED = "parley-7m-sae-l3.pth";

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
        if (sae != null) {
            return SaeFolders.find(sae, Session.of(command).hub());
        }
        return ModelFolders.embeddedFile(EMBEDDED)
                .orElseThrow(() -> Problem.of("The embedded autoencoder is not here.")
                        .fact("expected", "models/parley-7m/" + EMBEDDED)
                        .fact("try", "--sae FILE")
                        .toException());
    }

    /** A name for files of its own. */
    String name() {
        return String.valueOf(file().getFileName()).replaceAll("\\.[A-Za-z]{1,11}$", "");
    }
}
