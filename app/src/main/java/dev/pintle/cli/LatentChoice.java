package dev.pintle.cli;

import dev.pintle.base.Problem;
import dev.pintle.model.LanguageModel;
import dev.pintle.sae.LatentVectors;
import dev.pintle.sae.SparseAutoencoder;
import dev.pintle.steering.SteeringVector;
import dev.pintle.tensor.Device;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/** A steering vector taken from a latent of an autoencoder. */
@HelpSection.In(HelpSection.AUTOENCODER)
final class LatentChoice {
    @Option(
            names = "--from-latent",
            paramLabel = "N",
            description = "Take the decoder row of latent N instead of fitting: what contrasting any text with the same"
                    + " text, with the latent raised, would give.")
    private @Nullable Integer latent;

    @Option(
            names = "--sae",
            paramLabel = "SAE",
            description = "Autoencoder of the latent: a file, a folder, or a cached repository (default: the embedded"
                    + " model's).")
    private @Nullable String sae;

    @Option(
            names = "--raw",
            description = "Keep the decoder row as stored, so that a raw multiplier of S adds S to the latent; by"
                    + " default it is scaled to length 1.")
    private boolean raw;

    boolean given() {
        return latent != null;
    }

    /** Refuses the other options if there is no --from-latent, since they would have no effect. */
    void requireUnused() {
        if (sae != null || raw) {
            throw Problem.of("The option only applies to a vector taken from a latent.")
                    .fact("given", sae != null ? "--sae" : "--raw")
                    .fact("missing", "--from-latent N")
                    .toIllegalArgument();
        }
    }

    /**
     * The latent's decoder row as a steering vector, `[dModel]`.
     *
     * @param layer the layer that the autoencoder reads, if its files do not say or are wrong
     * @param force whether to accept an autoencoder of another model
     */
    SteeringVector vector(LanguageModel model, @Nullable Integer layer, boolean force, CommandSpec command) {
        try (SparseAutoencoder coder = SaeChoice.load(SaeChoice.find(sae, command), layer, "fp32", Device.CPU)) {
            coder.requireFits(model, force);
            int index = Objects.requireNonNull(latent);
            return raw ? LatentVectors.raw(coder, index, model) : LatentVectors.unit(coder, index, model);
        }
    }
}
