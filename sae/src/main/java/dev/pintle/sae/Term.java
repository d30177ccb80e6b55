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
 * @param activation its value: a latent activation from an encoder, which is never negative; or a difference of two
 *     activations, a pursuit coefficient or a cosine, which may be
 */
public record Term(int latent, float activation) {
    /** The non-zero entries of {@code latents} `[dSae]`, largest magnitude first, lower index first among equals. */
    public static List<Term> of(Vec latents) {
        int[] active = IntStream.range(0, latents.size())
                .filter(i -> latents.get(i) != 0)
                .toArray();
        float[] values = new float[active.length];
        for (int i = 0; i < active.length; i++) {
            values[i] = latents.get(active[i]);
        }
        return of(active, values);
    }

    /** Latents with their values, largest magnitude first. */
    static List<Term> of(int[] latents, float[] values) {
        List<Term> terms = new ArrayList<>(latents.length);
        for (int i = 0; i < latents.length; i++) {
            terms.add(new Term(latents[i], values[i]));
        }
        terms.sort(Comparator.comparingDouble(term -> -Math.abs(term.activation())));
        return List.copyOf(terms);
    }

    /** {@code 933 (9.778)}. */
    @Override
    public String toString() {
        return String.format(Locale.ROOT, "%d (%.3f)", latent, activation);
    }
}
