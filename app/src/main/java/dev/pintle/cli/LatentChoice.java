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

/** A vector out of an autoencoder's latent. */
@HelpSection.In(HelpSection.AUTOENCODER)
final class LatentChoice {
    @Option(
            names = "--from-latent",
            paramLabel = "N",
            description =
                    "Take a vector from an autoencoder in place of prompts: the decoder row of a latent, which is what contrasting any text with the"
                            + " same text where the latent is raised would give.")
    private @Nullable Integer latent;

    @Option(
            names = "--sae",
            paramLabel = "SAE",
            description =
                    "The latent's autoencoder: a file, a folder, or a repository in the cache (default: the one of"
                            + " the embedded model).")
    private @Nullable String sae;

    @Option(
            names = "--raw",
            description =
                    "Keep the latent's row as stored, so that adding it S times adds S to the latent; else it is given length 1.")
    private boolean raw;

    boolean given() {
        return latent != null;
    }

    /** Without --from-latent its other options have nothing to act on. */
    void requireUnused() {
        if (sae != null || raw) {
            throw Problem.of("An autoencoder is used to take a vector from one of its latents only.")
                    .fact("given", sae != null ? "--sae" : "--raw")
                    .fact("missing", "--from-latent N")
                    .toIllegalArgument();
        }
    }

    /**
     * The latent's vector.
     *
     * @param layer where the autoencoder reads, if its files do not say
     * @param force whether to use an autoencoder of another model
     */
    SteeringVector vector(LanguageModel model, @Nullable Integer layer, boolean force, CommandSpec command) {
        try (SparseAutoencoder coder = SaeChoice.load(SaeChoice.find(sae, command), layer, "fp32", Device.CPU)) {
            coder.requireFits(model, force);
            int index = Objects.requireNonNull(latent);
            return raw ? LatentVectors.raw(coder, index, model) : LatentVectors.unit(coder, index, model);
        }
    }
}
