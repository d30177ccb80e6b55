package dev.pintle.transformer;

import java.util.Arrays;
import java.util.Collection;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What a run should return.
 *
 * @param capture hook points to capture; empty for none
 * @param logits the entries to compute logits for
 * @param cache the KV cache to continue and extend; null for a stand-alone run
 * @param chunk maximum number of tokens per row in one pass; bounds the memory of a long prompt
 */
public record RunOptions(
        Set<HookPoint> capture, Logits logits, @Nullable KvCache cache, int chunk) {
    /** The entries that a run computes logits for. */
    public enum Logits {
        /** None: the run stops after the last captured layer. */
        NONE,
        /** The last entry of each row, `[batch, dVocab]`. */
        LAST,
        /** Every entry, `[batch, tokens, dVocab]`. */
        ALL
    }

    /** Number of tokens per row in one pass, if nothing else is asked for. */
    public static final int DEFAULT_CHUNK = 2048;

    /** Logits of the last entry, nothing captured. */
    public static RunOptions lastLogits() {
        return new RunOptions(Set.of(), Logits.LAST, null, DEFAULT_CHUNK);
    }

    /** Logits of every entry, nothing captured. */
    public static RunOptions allLogits() {
        return new RunOptions(Set.of(), Logits.ALL, null, DEFAULT_CHUNK);
    }

    /** Captures activations without logits: the run stops after the last captured layer. */
    public static RunOptions reading(HookPoint... points) {
        return reading(Arrays.asList(points));
    }

    /** Captures activations without logits. */
    public static RunOptions reading(Collection<HookPoint> points) {
        return new RunOptions(new TreeSet<>(points), Logits.NONE, null, DEFAULT_CHUNK);
    }

    /** A copy that also captures these hook points. */
    public RunOptions andReading(HookPoint... points) {
        Set<HookPoint> more = new TreeSet<>(capture);
        more.addAll(Arrays.asList(points));
        return new RunOptions(more, logits, cache, chunk);
    }

    /** A copy with other logits. */
    public RunOptions withLogits(Logits which) {
        return new RunOptions(capture, which, cache, chunk);
    }

    /** A copy that continues {@code kvCache}. */
    public RunOptions continuing(KvCache kvCache) {
        return new RunOptions(capture, logits, kvCache, chunk);
    }

    /** A copy with at most {@code tokens} tokens per row in one pass. */
    public RunOptions inChunksOf(int tokens) {
        if (tokens < 1) {
            throw new IllegalArgumentException("A chunk must have at least one token, not " + tokens + ".");
        }
        return new RunOptions(capture, logits, cache, tokens);
    }

    /** The last layer that has to run; {@code nLayers - 1} if logits are requested. */
    public int lastLayer(int nLayers) {
        if (logits != Logits.NONE || capture.isEmpty()) {
            return nLayers - 1;
        }
        return capture.contains(HookPoint.normalized())
                ? nLayers - 1
                : capture.stream().mapToInt(HookPoint::layer).max().orElse(nLayers - 1);
    }
}
