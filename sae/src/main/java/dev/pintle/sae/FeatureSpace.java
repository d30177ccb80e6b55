package dev.pintle.sae;

import dev.pintle.base.Problem;
import dev.pintle.steering.Add;
import dev.pintle.steering.Tokens;
import dev.pintle.tensor.Vec;
import java.util.List;

/**
 * Steering in latent space as it is done in notebooks, for comparison with steering by a vector. The first two give changes of
 * latents, to be made by {@link SaeEdit#edit} or the long way by {@link SaeRoundTrip}; both keep the error term.
 */
public final class FeatureSpace {
    private FeatureSpace() {}

    /**
     * Adds what the encoder answers to a vector: f + coefficient · enc(v). Since the decoder is linear, this is the addition of
     * coefficient · (dec(enc(v)) − b_dec): the vector's reconstruction without the bias, at the length that the encoder gives it.
     *
     * @param vector `[dModel]`
     * @throws dev.pintle.base.PintleException if the encoder answers with no latent
     */
    public static List<LatentChange> ofVector(SparseAutoencoder sae, Vec vector, double coefficient) {
        List<Term> terms = Term.of(sae.encode(vector));
        if (terms.isEmpty()) {
            throw Problem.of("The encoder answers to the vector with no latent, so there is nothing to add.")
                    .fact("autoencoder", sae.name())
                    .fact("vector", vector)
                    .fact("try", "the vector at the length of an activation")
                    .toException();
        }
        return terms.stream()
                .map(term -> LatentChange.add(term.latent(), coefficient * term.activation()))
                .toList();
    }

    /**
     * Adds given latents in proportion to their numbers: coefficient · aᵢ / Σ a. The sum is of signed numbers, so where
     * positive and negative ones nearly cancel the additions are large, and where the negative ones prevail they turn round.
     *
     * @throws IllegalArgumentException if there is none, or they sum to 0
     */
    public static List<LatentChange> ofLatents(List<Term> latents, double coefficient) {
        double sum = latents.stream().mapToDouble(Term::activation).sum();
        if (sum == 0) {
            throw Problem.of("The latents' numbers sum to 0, and they are divided by their sum.")
                    .fact("latents", latents)
                    .toIllegalArgument();
        }
        return latents.stream()
                .map(term -> LatentChange.add(term.latent(), coefficient * term.activation() / sum))
                .toList();
    }

    /**
     * Adds the direction that latents decode to, at length {@code coefficient}: h + coefficient · unit(dec(a)). The decoder's
     * bias is part of dec(a), so even one latent gives another direction than its decoder row.
     */
    public static Add ofDecoded(SparseAutoencoder sae, List<Term> latents, double coefficient) {
        double[] dense = new double[sae.dSae()];
        for (Term term : latents) {
            sae.requireLatent(term.latent());
            dense[term.latent()] += term.activation();
        }
        Vec direction = sae.decode(Vec.of(dense)).unit();
        return new Add(direction, sae.place(), coefficient, Tokens.all());
    }
}
