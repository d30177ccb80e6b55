package dev.pintle.sae;

import dev.pintle.tensor.Vec;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * One latent of a decomposition.
 *
 * @param latent index
 * @param activation latent activation; not negative where an encoder gave it
 */
public record Term(int latent, float activation) {
    /** The non-zero entries of {@code latents} `[dSae]`, largest magnitude first, lower index first among equals. */
    static List<Term> of(Vec latents) {
        List<Term> terms = new ArrayList<>(IntStream.range(0, latents.size())
                .filter(i -> latents.get(i) != 0)
                .mapToObj(i -> new Term(i, latents.get(i)))
                .toList());
        terms.sort(Comparator.comparingDouble(term -> -Math.abs(term.activation())));
        return List.copyOf(terms);
    }

    /** {@code 933 (9.778)}. */
    @Override
    public String toString() {
        return String.format(Locale.ROOT, "%d (%.3f)", latent, activation);
    }
}
