package dev.pintle.cli;

import dev.pintle.sae.SparseAutoencoder;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.transformer.HookPoint;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The autoencoder a command runs, its layer and its dtype. */
@HelpSection.In(HelpSection.AUTOENCODER)
final class SaeChoice extends SaeFile {
    @Option(
            names = "--layer",
            paramLabel = "L",
            description = "Layer that the autoencoder reads (0-based), if its files do not say or are wrong.")
    private @Nullable Integer layer;

    @Option(
            names = "--sae-dtype",
            paramLabel = "DTYPE",
            defaultValue = "fp32",
            description =
                    "Dtype of the autoencoder's matrices, fp32 or bf16; arithmetic is FP32 (default: ${DEFAULT-VALUE}).")
    private String dtype = "fp32";

    /** Loads the autoencoder, at the requested layer if there is one. */
    SparseAutoencoder load(Device device) {
        return load(file(), layer, dtype, device);
    }

    static SparseAutoencoder load(Path file, @Nullable Integer layer, String dtype, Device device) {
        SparseAutoencoder loaded =
                SparseAutoencoder.load(file, device, DType.parse(dtype, List.of(DType.FP32, DType.BF16)));
        return layer == null ? loaded : loaded.at(HookPoint.residPost(layer));
    }
}
