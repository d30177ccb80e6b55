package dev.pintle.sae;

import dev.pintle.steering.SteeringVector;
import dev.pintle.tensor.Vec;
import java.util.List;

/**
 * A vector as an autoencoder decomposes it into latents.
 *
 * @param how it was decomposed
 * @param vector the vector that was decomposed, `[dModel]`, at the scale that errors are relative to
 * @param terms latents, largest magnitude first
 * @param zeroTerms active latents of the zero vector: what the encoder's biases alone produce
 * @param reconstruction the decoded vector v̂, `[dModel]`
 * @param withoutBias v̂ without the decoder's bias; v̂ itself if the method adds none
 * @param byToken the terms per token if they come from a text; otherwise empty
 */
public record Decomposition(
        Decompose how,
        Vec vector,
        List<Term> terms,
        List<Term> zeroTerms,
        Vec reconstruction,
        Vec withoutBias,
        List<List<Term>> byToken) {
    /** Keeps copies of the lists. */
    public Decomposition {
        terms = List.copyOf(terms);
        zeroTerms = List.copyOf(zeroTerms);
        byToken = byToken.stream().map(List::copyOf).toList();
    }

    static Decomposition encoded(Decompose how, Vec vector, SparseAutoencoder sae) {
        Vec latents = sae.encode(vector);
        Vec reconstruction = sae.normalisation().isSameForAll() ? sae.decode(latents) : sae.reconstruct(vector);
        Vec bias = Vectors.biasShare(sae, vector);
        return new Decomposition(
                how, vector, Term.of(latents), zero(sae), reconstruction, reconstruction.minus(bias), List.of());
    }

    static Decomposition withoutBias(
            Decompose how,
            Vec vector,
            List<Term> terms,
            Vec reconstruction,
            List<List<Term>> byToken,
            SparseAutoencoder sae) {
        return new Decomposition(how, vector, terms, zero(sae), reconstruction, reconstruction, byToken);
    }

    private static List<Term> zero(SparseAutoencoder sae) {
        // a zero vector cannot be normalised, so there is nothing to compare with
        return sae.normalisation() instanceof Normalisation.UnitNorm
                ? List.of()
                : Term.of(sae.encode(Vec.zeros(sae.dModel())));
    }

    /** ‖v − v̂‖ / ‖v‖. */
    public double relativeError() {
        return vector.minus(reconstruction).norm() / vector.norm();
    }

    /** The same error for v̂ without the decoder's bias. */
    public double relativeErrorWithoutBias() {
        return vector.minus(withoutBias).norm() / vector.norm();
    }

    /** Cosine of v and v̂; 0 if v̂ is zero. */
    public double cosine() {
        return vector.cosine(reconstruction);
    }

    /** How much of v̂ is the decoder's bias b: b·v̂ / ‖v̂‖². 1 if no latent is active, 0 if the method adds no bias. */
    public double biasShare() {
        double whole = reconstruction.dot(reconstruction);
        return whole == 0 ? 0 : reconstruction.minus(withoutBias).dot(reconstruction) / whole;
    }

    /**
     * The reconstruction as a steering vector, to use in place of the original.
     *
     * @param original the vector that was decomposed
     * @param withBias whether to keep the decoder's bias, which belongs to no latent
     */
    public SteeringVector asSteeringVector(SteeringVector original, boolean withBias) {
        return original.derived(
                withBias ? reconstruction : withoutBias,
                "reconstruction by " + how + (withBias ? "" : " without bias") + " of ("
                        + original.origin().method().name() + ")");
    }
}
