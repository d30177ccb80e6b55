package dev.pintle.transformer;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * The positions of the tokens in one pass. They are absolute, counted from the start of each row's own sequence, so
 * they do not depend on KV cache, padding or chunking.
 */
public final class Layout {
    /** The position of a padding entry. */
    public static final int PADDING = -1;

    private final int[][] positions; // [batch, tokens]
    private final int[] promptLengths; // [batch]
    private final int[] sequences; // [batch]
    private final int[] begun; // [batch]

    /** A layout whose rows are in the order of the sequences. */
    public Layout(int[][] positions, int[] promptLengths) {
        this(positions, promptLengths, IntStream.range(0, positions.length).toArray());
    }

    /**
     * @param positions absolute positions `[batch, tokens]`, or {@link #PADDING}
     * @param promptLengths `[batch]`, in tokens
     * @param sequences `[batch]`, the index within the original batch of the sequence that each row continues
     */
    public Layout(int[][] positions, int[] promptLengths, int[] sequences) {
        this(positions, promptLengths, sequences, promptLengths);
    }

    /** @param begun `[batch]`, number of tokens that each row's sequence begins with, before it is continued */
    public Layout(int[][] positions, int[] promptLengths, int[] sequences, int[] begun) {
        this.positions = positions;
        this.promptLengths = promptLengths;
        this.sequences = sequences;
        this.begun = begun;
    }

    /** One row by itself. */
    Layout only(int row) {
        return new Layout(
                new int[][] {positions[row]}, new int[] {promptLengths[row]}, new int[] {sequences[row]}, new int[] {
                    begun[row]
                });
    }

    /** Number of rows. */
    public int batch() {
        return positions.length;
    }

    /** Number of entries per row, padding included. */
    public int tokens() {
        return positions[0].length;
    }

    /** Absolute position of an entry, or {@link #PADDING}. */
    public int position(int row, int token) {
        return positions[row][token];
    }

    /** Number of tokens in a row's prompt; positions from there on are generated. */
    public int promptLength(int row) {
        return promptLengths[row];
    }

    /** Number of tokens that a row's sequence begins with: those of the run that began it, in however many chunks. */
    int begunWith(int row) {
        return begun[row];
    }

    /**
     * The index, within the original batch, of the sequence that a row continues: during generation, sequences that
     * have ended leave the batch, and others take their rows.
     */
    public int sequence(int row) {
        return sequences[row];
    }

    /** Whether there is no padding, and all rows have the same consecutive positions. */
    boolean isRegular() {
        for (int[] row : positions) {
            for (int t = 0; t < row.length; t++) {
                if (row[t] == PADDING || row[t] != positions[0][0] + t) {
                    return false;
                }
            }
        }
        return true;
    }

    int[] flatPositions() {
        return Arrays.stream(positions).flatMapToInt(Arrays::stream).toArray();
    }

    int maxPosition() {
        return Arrays.stream(flatPositions()).max().orElse(0);
    }
}
