package dev.pintle.tensor;

import java.util.Arrays;

/*
 * The weight is stored as rows of outputs, so that the inner loop runs over contiguous outputs, which the JIT compiler
 * turns into vector instructions. It does so only for separate arrays that start at index 0, hence an array per input,
 * and for four inputs at a time.
 */
/** {@link Chains} in plain Java. */
final class PlainChains implements Chains {
    private static final int MOST_COLUMNS =
            512; // of a block, so that its sums and four of its rows fit in the L1 cache
    private static final int ROWS_AT_ONCE = 16;
    private static final int INPUTS_AT_ONCE = 4;

    private final float[][][] blocks; // [blocks][in][columns]
    private final int[] starts; // first output of each block
    private final int in;
    private final int out;

    PlainChains(float[] weight, int out, int in) {
        this.in = in;
        this.out = out;
        int count = (out + MOST_COLUMNS - 1) / MOST_COLUMNS;
        this.blocks = new float[count][in][];
        this.starts = new int[count];
        for (int b = 0; b < count; b++) {
            starts[b] = (int) ((long) out * b / count);
            int columns = (int) ((long) out * (b + 1) / count) - starts[b];
            for (int i = 0; i < in; i++) {
                float[] row = new float[columns];
                for (int j = 0; j < columns; j++) {
                    row[j] = weight[(starts[b] + j) * in + i];
                }
                blocks[b][i] = row;
            }
        }
    }

    @Override
    public int parts() {
        return blocks.length;
    }

    @Override
    public void add(int part, float[] x, int first, int count, int[] cuts, float[] sums, int to) {
        for (int done = 0; done < count; done += ROWS_AT_ONCE) {
            addTile(part, x, first + done, Math.min(ROWS_AT_ONCE, count - done), cuts, sums, to + done);
        }
    }

    private void addTile(int part, float[] x, int first, int count, int[] cuts, float[] sums, int to) {
        int start = starts[part];
        float[][] weight = blocks[part];
        float[][] piece = new float[count][weight[0].length];
        for (int cut = 1; cut < cuts.length; cut++) {
            addPiece(weight, x, first, cuts[cut - 1], cuts[cut], piece);
            for (int row = 0; row < count; row++) {
                int at = (to + row) * out + start;
                for (int j = 0; j < piece[row].length; j++) {
                    sums[at + j] += piece[row][j];
                }
                Arrays.fill(piece[row], 0);
            }
        }
    }

    private void addPiece(float[][] weight, float[] x, int first, int from, int to, float[][] piece) {
        int i = from;
        for (; i + INPUTS_AT_ONCE <= to; i += INPUTS_AT_ONCE) {
            for (int row = 0; row < piece.length; row++) {
                int at = (first + row) * in + i;
                FloatMath.addFour(weight[i], weight[i + 1], weight[i + 2], weight[i + 3], x, at, piece[row]);
            }
        }
        for (; i < to; i++) {
            for (int row = 0; row < piece.length; row++) {
                FloatMath.addOne(weight[i], x[(first + row) * in + i], piece[row]);
            }
        }
    }
}
