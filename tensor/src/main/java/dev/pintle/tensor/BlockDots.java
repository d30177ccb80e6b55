package dev.pintle.tensor;

import dev.pintle.tensor.BlockFormat.Unpacked;

/*
 * A row's sum has one order, whichever implementation computes it and however many rows are multiplied with it: each lane
 * adds up its elements of a group, times the group's scale, group after group; then the lanes are added up in turn. Lanes
 * are as many as the CPU's vectors have, or 8.
 */
/** Dot products of rows with an unpacked row of a quantised weight, and the values of such a row. */
sealed interface BlockDots permits PlainBlockDots, VectorBlockDots {
    /** The fastest implementation on this CPU. */
    BlockDots FASTEST = Chains.VECTORS ? new VectorBlockDots() : new PlainBlockDots();

    /** Rows that are multiplied together at most. */
    int MOST_ROWS = 4;

    /**
     * Σ scale · Σ integer · x of each of some rows, without offsets.
     *
     * @param w one row of the weight
     * @param group elements that have a scale in common: 16 or 32
     * @param x `[rows, in]`
     * @param first the first of the rows to multiply
     * @param count 1 or {@link #MOST_ROWS}
     * @param in elements of a row
     * @param to receives {@code count} results
     */
    void multiply(Unpacked w, int group, float[] x, int first, int count, int in, float[] to);

    /**
     * Σ value · x of each of some rows, in the same order.
     *
     * @param values of one row of the weight; a multiple of 32
     */
    void multiply(float[] values, float[] x, int first, int count, float[] to);

    /**
     * Writes values: the scale times the integer, rounded, plus the offset if there are any, rounded.
     *
     * @param w one row of the weight
     * @param group elements that have a scale in common: 16 or 32
     * @param offsets whether the format has offsets
     * @param to receives {@code elements} values from {@code at} on
     */
    void decode(Unpacked w, int group, boolean offsets, float[] to, int at, int elements);
}
