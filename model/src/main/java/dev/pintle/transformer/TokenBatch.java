package dev.pintle.transformer;

import dev.pintle.base.Problem;
import java.util.Arrays;
import java.util.List;

/** Rows of token ids of possibly different lengths; shorter rows are left-padded. */
public final class TokenBatch {
    private final int[][] rows;
    private final int width;

    private TokenBatch(int[][] rows) {
        this.rows = rows;
        this.width = Arrays.stream(rows).mapToInt(row -> row.length).max().orElse(0);
    }

    /** @throws IllegalArgumentException if there are no rows, or a row is empty */
    public static TokenBatch of(List<int[]> rows) {
        return of(rows.toArray(int[][]::new));
    }

    /** @throws IllegalArgumentException if there are no rows, or a row is empty */
    public static TokenBatch of(int[]... rows) {
        for (int i = 0; i < Math.max(rows.length, 1); i++) {
            if (rows.length == 0 || rows[i].length == 0) {
                throw Problem.of("There is nothing to run: the prompt is empty.")
                        .fact("row", i)
                        .fact("expected", "at least one token id")
                        .toIllegalArgument();
            }
        }
        return new TokenBatch(Arrays.stream(rows).map(int[]::clone).toArray(int[][]::new));
    }

    /** Number of rows. */
    public int batch() {
        return rows.length;
    }

    /** Length of the longest row. */
    public int tokens() {
        return width;
    }

    /** A row's own ids, without padding. */
    public int[] row(int row) {
        return rows[row].clone();
    }

    /** A row's length without padding. */
    public int length(int row) {
        return rows[row].length;
    }

    /** Number of padding entries before a row. */
    public int padding(int row) {
        return width - rows[row].length;
    }

    /** The id at an entry of the padded batch; padding has id 0. */
    public int id(int row, int entry) {
        int index = entry - padding(row);
        return index < 0 ? 0 : rows[row][index];
    }
}
