package dev.pintle.steering;

import java.util.Locale;

/**
 * What reading activations cost.
 *
 * @param sequences number of prompts read
 * @param tokensComputed number of tokens that went through the model, padding included
 * @param tokensPlain number of tokens if every prompt were run in full
 * @param passes number of forward passes
 * @param seconds wall-clock time of reading
 */
public record ExtractionReport(long sequences, long tokensComputed, long tokensPlain, long passes, double seconds) {
    /** Tokens computed as a fraction of those of running every prompt in full. */
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
