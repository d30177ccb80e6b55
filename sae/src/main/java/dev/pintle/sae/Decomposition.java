package dev.pintle.sae;

import dev.pintle.tensor.Vec;
import java.util.List;

/**
 * What a vector is made of, according to an autoencoder.
 *
 * @param vector the vector that was taken apart, `[dModel]`
 * @param terms active latents, largest first
 * @param zeroTerms active latents of the zero vector: what the encoder answers to nothing
 * @param reconstruction the decoded vector v̂, `[dModel]`
 * @param withoutBias v̂ without the decoder's bias
 */
public record Decomposition(Vec vector, List<Term> terms, List<Term> zeroTerms, Vec reconstruction, Vec withoutBias) {
    static Decomposition of(Vec vector, Vec latents, Vec zeroLatents, SparseAutoencoder sae) {
        Vec reconstruction = sae.decode(latents);
        return new Decomposition(
                vector,
                Term.of(latents),
                Term.of(zeroLatents),
                reconstruction,
                reconstruction.minus(sae.decoderBias()));
    }

    /** ‖v − v̂‖ / ‖v‖. */
    public double relativeError() {
        return vector.minus(reconstruction).norm() / vector.norm();
    }

    /** The same error for v̂ without the decoder's bias. */
    public double relativeErrorWithoutBias() {
        return vector.minus(withoutBias).norm() / vector.norm();
    }

    /** Cosine of v and v̂. */
    public double cosine() {
        return vector.cosine(reconstruction);
    }

    /** How much of v̂ is the decoder's bias b: b·v̂ / ‖v̂‖². 1 where no latent is active. */
    public double biasShare() {
        double whole = reconstruction.dot(reconstruction);
        return whole == 0 ? 0 : reconstruction.minus(withoutBias).dot(reconstruction) / whole;
    }
}
