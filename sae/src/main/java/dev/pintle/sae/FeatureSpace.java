package dev.pintle.sae;

import dev.pintle.base.Problem;
import dev.pintle.steering.Add;
import dev.pintle.steering.Tokens;
import dev.pintle.tensor.Vec;
import java.util.List;

/**
 * Steering in latent space as notebooks often do it, for comparison with steering by a vector. The first two methods
 * return latent changes for {@link SaeEdit#edit} or, the long way, {@link SaeRoundTrip}; both keep the error term.
 */
public final class FeatureSpace {
    private FeatureSpace() {}

    /**
     * Adds the encoding of a vector: f + coefficient · enc(v). Since the decoder is linear, this adds
     * coefficient · (dec(enc(v)) − b_dec): the vector's reconstruction without the bias, at whatever norm the encoder
     * gives it.
     *
     * @param vector `[dModel]`
     * @throws dev.pintle.base.PintleException if the vector activates no latent
     */
    public static List<LatentChange> ofVector(SparseAutoencoder sae, Vec vector, double coefficient) {
        List<Term> terms = Term.of(sae.encode(vector));
        if (terms.isEmpty()) {
            throw Problem.of("The vector activates no latent, so there is nothing to add.")
                    .fact("autoencoder", sae.name())
                    .fact("vector", vector)
                    .fact("try", "scaling the vector to the norm of an activation")
                    .toException();
        }
        return terms.stream()
                .map(term -> LatentChange.add(term.latent(), coefficient * term.activation()))
                .toList();
    }

    /**
     * Adds the given latents in proportion to their coefficients: coefficient · aᵢ / Σ a. The sum is signed: if
     * positive and negative coefficients nearly cancel, the additions become large, and if the negative ones dominate,
     * every addition changes sign.
     *
     * @throws IllegalArgumentException if there are none, or their coefficients sum to 0
     */
    public static List<LatentChange> ofLatents(List<Term> latents, double coefficient) {
        double sum = latents.stream().mapToDouble(Term::activation).sum();
        if (sum == 0) {
            throw Problem.of("The latents' coefficients sum to 0, so they cannot be divided by their sum.")
                    .fact("latents", latents)
                    .toIllegalArgument();
        }
        return latents.stream()
                .map(term -> LatentChange.add(term.latent(), coefficient * term.activation() / sum))
                .toList();
    }

    /**
     * Adds the direction that the latents decode to, scaled to norm {@code coefficient}:
     * h + coefficient · unit(dec(a)). The decoder's bias is part of dec(a), so even a single latent does not give the
     * direction of its decoder row.
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
