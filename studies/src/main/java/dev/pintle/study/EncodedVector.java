package dev.pintle.study;

import dev.pintle.sae.Decomposition;
import dev.pintle.tensor.Vec;

/**
 * A vector through an autoencoder: v̂ = dec(enc(factor · v)).
 *
 * @param factor what the vector, of length 1, was multiplied by first
 * @param latents of the vector
 * @param zeroActive how many latents the zero vector activates
 * @param relativeError ‖v − v̂‖ / ‖v‖
 * @param relativeErrorWithoutBias the same for v̂ without the decoder's bias
 * @param reconstructionNorm ‖v̂‖
 * @param biasShare how much of v̂ is the decoder's bias b: b·v̂ / ‖v̂‖²
 * @param cosineReconstruction cos(v, v̂)
 * @param shareOfTarget f[target] / ‖f‖, which the original calls the cosine in latent space with the target latent; 0 without latents
 */
public record EncodedVector(
        double factor,
        LatentSpread latents,
        int zeroActive,
        double relativeError,
        double relativeErrorWithoutBias,
        double reconstructionNorm,
        double biasShare,
        double cosineReconstruction,
        double shareOfTarget) {
    /**
     * A vector taken apart.
     *
     * @param parts of the vector times {@code factor}
     * @param target the latent whose share is computed
     */
    public static EncodedVector of(double factor, Decomposition parts, int target, StudySubject subject) {
        return new EncodedVector(
                factor,
                subject.spread(parts.terms()),
                parts.zeroTerms().size(),
                parts.relativeError(),
                parts.relativeErrorWithoutBias(),
                parts.reconstruction().norm(),
                parts.biasShare(),
                parts.cosine(),
                share(subject.dense(parts.terms()), target));
    }

    /** f[target] / ‖f‖; 0 where no latent is active. */
    public static double share(Vec latents, int target) {
        double norm = latents.norm();
        return norm == 0 ? 0 : latents.get(target) / norm;
    }
}
