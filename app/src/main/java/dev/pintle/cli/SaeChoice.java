package dev.pintle.cli;

import dev.pintle.hub.ModelFolders;
import dev.pintle.model.HookPoint;
import dev.pintle.problem.Problem;
import dev.pintle.sae.SparseAutoencoder;
import dev.pintle.tensor.Device;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which autoencoder a command uses, shared by those that need a model as well. */
final class SaeChoice {
    private static final String EMBEDDED = "parley-7m-sae-l3.pth";

    @Option(names = "--sae", paramLabel = "FILE", description = "Autoencoder (default: the one of the embedded model).")
    private @Nullable Path file;

    @Option(
            names = "--layer",
            paramLabel = "L",
            description = "Block after which it was trained, from 0, where its file does not say.")
    private @Nullable Integer layer;

    Path file() {
        return file != null
                ? file
                : ModelFolders.embeddedFile(EMBEDDED)
                        .orElseThrow(() -> Problem.of("The embedded autoencoder is not here.")
                                .fact("expected", "models/parley-7m/" + EMBEDDED)
                                .fact("try", "--sae FILE")
                                .toException());
    }

    /** A name for files of its own. */
    String name() {
        return String.valueOf(file().getFileName()).replaceAll("\\.[A-Za-z0-9]{1,11}$", "");
    }

    SparseAutoencoder load(Device device) {
        return SparseAutoencoder.load(file(), device);
    }

    /** Where it was trained. */
    HookPoint at(SparseAutoencoder sae) {
        HookPoint known = sae.at();
        if (layer != null) {
            return HookPoint.residPost(layer);
        }
        if (known == null) {
            throw Problem.of("The autoencoder's file does not say where it was trained.")
                    .fact("file", file())
                    .fact("try", "--layer L")
                    .toIllegalArgument();
        }
        return known;
    }
}
