package dev.pintle.steering;

import java.util.Locale;

/**
 * What reading activations cost.
 *
 * @param sequences how many prompts were read
 * @param tokensComputed tokens that went through the model, padding included
 * @param tokensPlain tokens of running every prompt whole
 * @param passes forward passes
 * @param seconds wall-clock time of reading
 */
public record ExtractionReport(long sequences, long tokensComputed, long tokensPlain, long passes, double seconds) {
    /** Tokens computed as a share of those of running every prompt whole. */
    public double share() {
        return tokensPlain == 0 ? 1 : (double) tokensComputed / tokensPlain;
    }

    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "%d prompts, %d tokens computed of %d (%.1f%%), %d %s, %.2f s",
                sequences,
                tokensComputed,
                tokensPlain,
                100 * share(),
                passes,
                passes == 1 ? "pass" : "passes",
                seconds);
    }
}
