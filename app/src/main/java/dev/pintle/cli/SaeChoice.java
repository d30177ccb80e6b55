package dev.pintle.cli;

import dev.pintle.hub.ModelFolders;
import dev.pintle.model.HookPoint;
import dev.pintle.problem.Problem;
import dev.pintle.sae.SaeFolders;
import dev.pintle.sae.SparseAutoencoder;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Which autoencoder a command uses, shared by those that need a model as well. */
final class SaeChoice {
    private static final String EMBEDDED = "parley-7m-sae-l3.pth";

    @Option(
            names = "--sae",
            paramLabel = "SAE",
            description = "Autoencoder: a file, a folder, or a repository in the cache, org/name[@revision][:folder]"
                    + " (default: the one of the embedded model).")
    private @Nullable String sae;

    @Option(
            names = "--layer",
            paramLabel = "L",
            description = "Block, from 0, after whose output it reads, where its files do not say or say wrong.")
    private @Nullable Integer layer;

    @Option(
            names = "--sae-dtype",
            paramLabel = "DTYPE",
            defaultValue = "fp32",
            description = "Dtype of its matrices, fp32 or bf16; arithmetic is FP32 (default: ${DEFAULT-VALUE}).")
    private String dtype = "fp32";

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

    /** The autoencoder, at the layer that was asked for if one was. */
    SparseAutoencoder load(Device device) {
        return load(file(), layer, dtype, device);
    }

    static SparseAutoencoder load(Path file, @Nullable Integer layer, String dtype, Device device) {
        SparseAutoencoder loaded =
                SparseAutoencoder.load(file, device, DType.parse(dtype, List.of(DType.FP32, DType.BF16)));
        return layer == null ? loaded : loaded.at(HookPoint.residPost(layer));
    }
}
