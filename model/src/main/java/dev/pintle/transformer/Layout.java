package dev.pintle.transformer;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Where the tokens of one pass stand: positions are absolute, counted from the start of each row's own sequence, so they
 * are the same with and without a key-value cache, padding or chunks.
 */
public final class Layout {
    /** The position of a padding entry. */
    public static final int PADDING = -1;

    private final int[][] positions; // [batch, tokens]
    private final int[] promptLengths; // [batch]
    private final int[] sequences; // [batch]

    /** Rows in the order of the sequences. */
    public Layout(int[][] positions, int[] promptLengths) {
        this(positions, promptLengths, IntStream.range(0, positions.length).toArray());
    }

    public Layout(int[][] positions, int[] promptLengths, int[] sequences) {
        this.positions = positions;
        this.promptLengths = promptLengths;
        this.sequences = sequences;
    }

    /** Number of rows. */
    public int batch() {
        return positions.length;
    }

    /** Entries a row, padding included. */
    public int tokens() {
        return positions[0].length;
    }

    /** Absolute position of an entry, or {@link #PADDING}. */
    public int position(int row, int token) {
        return positions[row][token];
    }

    /** How many tokens the row's prompt has; positions from there on are generated. */
    public int promptLength(int row) {
        return promptLengths[row];
    }

    /**
     * Which of the sequences that began together a row continues: while a batch is generated, those that have ended are no
     * longer in a pass, and others take their rows.
     */
    public int sequence(int row) {
        return sequences[row];
    }

    /** Whether no entry is padding and rows stand at the same positions, one after the other. */
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
