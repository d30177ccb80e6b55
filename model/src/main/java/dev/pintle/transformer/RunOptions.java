package dev.pintle.transformer;

import java.util.Arrays;
import java.util.Collection;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What one run should give back.
 *
 * @param capture places to read; empty for none
 * @param logits for which entries to compute logits
 * @param cache continues the sequences it holds and remembers this run's tokens; null for a run on its own
 * @param chunk most tokens of a row that go through the model at once; bounds the memory of a long prompt
 */
public record RunOptions(
        Set<HookPoint> capture, Logits logits, @Nullable KvCache cache, int chunk) {
    /** For which entries a run computes logits. */
    public enum Logits {
        /** None: the run stops after the last layer that is read. */
        NONE,
        /** The last entry of each row, `[batch, dVocab]`. */
        LAST,
        /** Every entry, `[batch, tokens, dVocab]`. */
        ALL
    }

    private static final int DEFAULT_CHUNK = 2048;

    /** Logits of the last entry, nothing captured. */
    public static RunOptions lastLogits() {
        return new RunOptions(Set.of(), Logits.LAST, null, DEFAULT_CHUNK);
    }

    /** Logits of every entry, nothing captured. */
    public static RunOptions allLogits() {
        return new RunOptions(Set.of(), Logits.ALL, null, DEFAULT_CHUNK);
    }

    /** Activations at some places, no logits: the run stops after the last layer that is read. */
    public static RunOptions reading(HookPoint... points) {
        return reading(Arrays.asList(points));
    }

    /** Activations at some places, no logits. */
    public static RunOptions reading(Collection<HookPoint> points) {
        return new RunOptions(new TreeSet<>(points), Logits.NONE, null, DEFAULT_CHUNK);
    }

    /** The same with activations at some places. */
    public RunOptions andReading(HookPoint... points) {
        Set<HookPoint> more = new TreeSet<>(capture);
        more.addAll(Arrays.asList(points));
        return new RunOptions(more, logits, cache, chunk);
    }

    /** The same with other logits. */
    public RunOptions withLogits(Logits which) {
        return new RunOptions(capture, which, cache, chunk);
    }

    /** The same, continuing what {@code kvCache} holds. */
    public RunOptions continuing(KvCache kvCache) {
        return new RunOptions(capture, logits, kvCache, chunk);
    }

    /** The same, with at most {@code tokens} tokens of a row at once. */
    public RunOptions inChunksOf(int tokens) {
        if (tokens < 1) {
            throw new IllegalArgumentException("A chunk holds at least one token, not " + tokens + ".");
        }
        return new RunOptions(capture, logits, cache, tokens);
    }

    /** The last layer that must run for this; {@code nLayers - 1} where logits are wanted. */
    public int lastLayer(int nLayers) {
        if (logits != Logits.NONE || capture.isEmpty()) {
            return nLayers - 1;
        }
        return capture.contains(HookPoint.normalized())
                ? nLayers - 1
                : capture.stream().mapToInt(HookPoint::layer).max().orElse(nLayers - 1);
    }
}
