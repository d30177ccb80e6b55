package dev.pintle.sae;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/** The active latents of some tokens, stored sparsely (CSR). */
public final class SparseLatents {
    private final int dSae;
    private final int[] starts; // [tokens + 1], offsets into the two below
    private final int[] latents;
    private final float[] activations;

    SparseLatents(int dSae, int[] starts, int[] latents, float[] activations) {
        this.dSae = dSae;
        this.starts = starts;
        this.latents = latents;
        this.activations = activations;
    }

    /** Concatenates the results of consecutive blocks of tokens. */
    static SparseLatents joined(int dSae, List<SparseLatents> parts) {
        int tokens = parts.stream().mapToInt(SparseLatents::tokens).sum();
        int[] starts = new int[tokens + 1];
        int[] latents =
                new int[parts.stream().mapToInt(part -> part.latents.length).reduce(0, Math::addExact)];
        float[] activations = new float[latents.length];
        int token = 0;
        int at = 0;
        for (SparseLatents part : parts) {
            for (int t = 0; t < part.tokens(); t++) {
                starts[token++] = at + part.starts[t];
            }
            System.arraycopy(part.latents, 0, latents, at, part.latents.length);
            System.arraycopy(part.activations, 0, activations, at, part.latents.length);
            at += part.latents.length;
        }
        starts[tokens] = at;
        return new SparseLatents(dSae, starts, latents, activations);
    }

    /** Number of tokens. */
    public int tokens() {
        return starts.length - 1;
    }

    /** Number of latents in the autoencoder. */
    public int dSae() {
        return dSae;
    }

    /** Number of entries of a token. */
    public int count(int token) {
        return starts[token + 1] - starts[token];
    }

    /** The latent of a token's entry; entries count from 0. */
    public int latent(int token, int entry) {
        return latents[starts[token] + entry];
    }

    /** The activation of a token's entry, never 0. */
    public float activation(int token, int entry) {
        return activations[starts[token] + entry];
    }

    /** A token's entries as terms, largest first. */
    public List<Term> terms(int token) {
        List<Term> terms = new ArrayList<>(count(token));
        for (int i = 0; i < count(token); i++) {
            terms.add(new Term(latent(token, i), activation(token, i)));
        }
        terms.sort(Comparator.comparingDouble((Term term) -> -Math.abs(term.activation()))
                .thenComparingInt(Term::latent));
        return List.copyOf(terms);
    }

    /** Mean number of entries per token; 0 if there are no tokens. */
    public double meanCount() {
        return tokens() == 0 ? 0 : (double) latents.length / tokens();
    }

    /** Equal when tokens, latents and activations are. */
    @Override
    public boolean equals(Object other) {
        return other instanceof SparseLatents that
                && dSae == that.dSae
                && Arrays.equals(starts, that.starts)
                && Arrays.equals(latents, that.latents)
                && Arrays.equals(activations, that.activations);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(latents);
    }

    /** {@code 512 tokens, 31.8 latents each}. */
    @Override
    public String toString() {
        return String.format(Locale.ROOT, "%d tokens, %.1f latents each", tokens(), meanCount());
    }
}
