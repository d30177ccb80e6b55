package dev.pintle.transformer;

import dev.pintle.tensor.FloatMath;
import java.util.Arrays;

/*
 * Keys are stored by element, so that the loop over tokens is contiguous, values by token. Each is an array of its own,
 * since the JIT compiler turns only loops over separate arrays into vector instructions.
 */
/**
 * Keys and values of one head and one sequence on the Java heap, in FP32, by position. Every score and every mixed value
 * is one chain of fused multiply-adds in a fixed order, so its bits depend on this sequence alone: not on other rows,
 * padding, chunks or threads.
 */
public final class HeadCache {
    private static final int AT_ONCE = 4;

    private final float[][] keys; // [dHead][capacity]
    private float[][] values; // [capacity][dHead]

    /** @param capacity number of tokens before it has to grow, at least 1 */
    public HeadCache(int dHead, int capacity) {
        this.keys = new float[dHead][capacity];
        this.values = new float[capacity][];
    }

    /**
     * The keys and values of some tokens, by whom they are shared.
     *
     * @param keys `[dHead · tokens]`, by element
     * @param values `[tokens][dHead]`
     */
    record Part(float[] keys, float[][] values) {}

    /** The tokens from one position to another, exclusive. */
    Part part(int from, int to) {
        float[] copy = new float[keys.length * (to - from)];
        for (int d = 0; d < keys.length; d++) {
            System.arraycopy(keys[d], from, copy, d * (to - from), to - from);
        }
        return new Part(copy, Arrays.copyOfRange(values, from, to)); // what a value holds never changes
    }

    /** Stores the first tokens of a part; there must be room for them. */
    void put(int position, Part part, int tokens) {
        int stride = part.values().length;
        for (int d = 0; d < keys.length; d++) {
            System.arraycopy(part.keys(), d * stride, keys[d], position, tokens);
        }
        System.arraycopy(part.values(), 0, values, position, tokens);
    }

    /**
     * Stores a token; positions must be filled in order.
     *
     * @param at start of its key and value in the arrays
     */
    public void put(int position, float[] fromKeys, float[] fromValues, int at) {
        if (position == values.length) {
            values = Arrays.copyOf(values, 2 * position);
            for (int d = 0; d < keys.length; d++) {
                keys[d] = Arrays.copyOf(keys[d], 2 * position);
            }
        }
        for (int d = 0; d < keys.length; d++) {
            keys[d][position] = fromKeys[at + d];
        }
        values[position] = Arrays.copyOfRange(fromValues, at, at + keys.length);
    }

    /**
     * Attention of one query: softmax(q·k·scale)·v over its tokens, where scores may be soft-capped.
     *
     * @param attention the layer's attention
     * @param head the query's head
     * @param position of the query; it attends to itself and to what its window covers before it
     * @param queries contains the query `[dHead]` from {@code at} on
     * @param mixed receives the result there
     */
    public void attend(Attention attention, int head, int position, float[] queries, int at, float[] mixed) {
        int end = position + 1;
        Integer window = attention.window();
        int first = window == null ? 0 : Math.max(0, end - window);
        float[] scores = new float[end];
        int dHead = keys.length;
        int d = 0;
        for (; d + AT_ONCE <= dHead; d += AT_ONCE) {
            FloatMath.addFour(keys[d], keys[d + 1], keys[d + 2], keys[d + 3], queries, at + d, scores);
        }
        for (; d < dHead; d++) {
            FloatMath.addOne(keys[d], queries[at + d], scores);
        }
        Sinks sinks = attention.sinks();
        toPattern(scores, first, attention.config(), sinks == null ? Float.NEGATIVE_INFINITY : sinks.of(head));
        FloatMath.mix(scores, first, end, values, mixed, at, dHead);
    }

    /** @param sink one more score, whose share is dropped; −∞ for none */
    private static void toPattern(float[] scores, int first, ModelConfig config, float sink) {
        float scale = (float) config.attentionScale();
        Double cap = config.attentionSoftCap();
        float most = sink;
        for (int slot = first; slot < scores.length; slot++) {
            float score = scores[slot] * scale;
            scores[slot] = cap == null ? score : (float) (cap * Math.tanh(score / cap));
            most = Math.max(most, scores[slot]);
        }
        FloatMath.exp(scores, most, first, scores.length);
        double sum = sink == Float.NEGATIVE_INFINITY ? 0 : Math.exp(sink - most);
        for (int slot = first; slot < scores.length; slot++) {
            sum += scores[slot];
        }
        float share = (float) (1 / sum);
        for (int slot = first; slot < scores.length; slot++) {
            scores[slot] *= share;
        }
    }
}
