package dev.pintle.tensor;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/*
 * The weight is stored in panels of a few vectors of outputs, input by input. Four rows at a time, their sums stay in
 * registers while a stretch of a panel is read; the stretch is short enough to stay in the L1 cache for the next four
 * rows.
 *
 * With AVX-512, which has 32 registers, a panel has four vectors. With 16 registers, sums of four would not stay there: 12
 * sums, three vectors of the weight and an input fill them, which is half as fast again.
 */
/** {@link Chains} with the vector instructions of the CPU. */
final class VectorChains implements Chains {
    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final int LANES = SPECIES.length();
    private static final boolean FOUR = LANES >= 16; // a constant for the compiler, like all of these
    private static final int WIDTH = (FOUR ? 4 : 3) * LANES; // outputs of a panel
    private static final int STRETCH = 128; // inputs
    private static final int FEWEST_LANES = 8; // with narrower vectors, plain loops are as fast
    private static final int ROWS_AT_ONCE = 64;

    /** Sums of a piece `[rows, WIDTH]`, in the same place each time, so that they stay in the cache. */
    private static final ThreadLocal<float[]> PIECE = ThreadLocal.withInitial(() -> new float[ROWS_AT_ONCE * WIDTH]);

    private final float[][] panels; // [panels][in · WIDTH]
    private final int in;
    private final int out;

    VectorChains(float[] weight, int out, int in) {
        this.in = in;
        this.out = out;
        this.panels = new float[(out + WIDTH - 1) / WIDTH][in * WIDTH];
        for (int o = 0; o < out; o++) {
            float[] panel = panels[o / WIDTH];
            for (int i = 0; i < in; i++) {
                panel[i * WIDTH + o % WIDTH] = weight[o * in + i];
            }
        }
    }

    static boolean isFast() {
        return LANES >= FEWEST_LANES;
    }

    @Override
    public int parts() {
        return panels.length;
    }

    @Override
    public void add(int part, float[] x, int first, int count, int[] cuts, float[] sums, int to) {
        float[] piece = PIECE.get();
        for (int done = 0; done < count; done += ROWS_AT_ONCE) {
            int rows = Math.min(ROWS_AT_ONCE, count - done);
            for (int cut = 1; cut < cuts.length; cut++) {
                Arrays.fill(piece, 0, rows * WIDTH, 0);
                addPiece(panels[part], x, first + done, rows, cuts[cut - 1], cuts[cut], piece);
                addTo(sums, (to + done) * out, part * WIDTH, piece, rows);
            }
        }
    }

    private void addPiece(float[] panel, float[] x, int first, int rows, int begin, int end, float[] piece) {
        for (int from = begin; from < end; from += STRETCH) {
            int count = Math.min(STRETCH, end - from);
            int row = 0;
            for (; row + 4 <= rows; row += 4) {
                addFour(panel, from * WIDTH, count, x, (first + row) * in + from, in, piece, row * WIDTH);
            }
            for (; row < rows; row++) {
                addOne(panel, from * WIDTH, count, x, (first + row) * in + from, piece, row * WIDTH);
            }
        }
    }

    /** Adds the sums of a piece to those of its columns that exist: the last panel may have more. */
    private void addTo(float[] sums, int to, int column, float[] piece, int rows) {
        int columns = Math.min(WIDTH, out - column);
        int whole = SPECIES.loopBound(columns);
        for (int row = 0; row < rows; row++) {
            int at = to + row * out + column;
            for (int j = 0; j < whole; j += LANES) {
                FloatVector.fromArray(SPECIES, sums, at + j)
                        .add(FloatVector.fromArray(SPECIES, piece, row * WIDTH + j))
                        .intoArray(sums, at + j);
            }
            for (int j = whole; j < columns; j++) {
                sums[at + j] += piece[row * WIDTH + j];
            }
        }
    }

    /** Continues the sums of four rows over a stretch of inputs. */
    private static void addFour(float[] panel, int from, int count, float[] x, int at, int in, float[] sums, int to) {
        FloatVector a0 = FloatVector.fromArray(SPECIES, sums, to);
        FloatVector a1 = FloatVector.fromArray(SPECIES, sums, to + LANES);
        FloatVector a2 = FloatVector.fromArray(SPECIES, sums, to + 2 * LANES);
        FloatVector a3 = FOUR ? FloatVector.fromArray(SPECIES, sums, to + 3 * LANES) : a2;
        FloatVector b0 = FloatVector.fromArray(SPECIES, sums, to + WIDTH);
        FloatVector b1 = FloatVector.fromArray(SPECIES, sums, to + WIDTH + LANES);
        FloatVector b2 = FloatVector.fromArray(SPECIES, sums, to + WIDTH + 2 * LANES);
        FloatVector b3 = FOUR ? FloatVector.fromArray(SPECIES, sums, to + WIDTH + 3 * LANES) : b2;
        FloatVector c0 = FloatVector.fromArray(SPECIES, sums, to + 2 * WIDTH);
        FloatVector c1 = FloatVector.fromArray(SPECIES, sums, to + 2 * WIDTH + LANES);
        FloatVector c2 = FloatVector.fromArray(SPECIES, sums, to + 2 * WIDTH + 2 * LANES);
        FloatVector c3 = FOUR ? FloatVector.fromArray(SPECIES, sums, to + 2 * WIDTH + 3 * LANES) : c2;
        FloatVector d0 = FloatVector.fromArray(SPECIES, sums, to + 3 * WIDTH);
        FloatVector d1 = FloatVector.fromArray(SPECIES, sums, to + 3 * WIDTH + LANES);
        FloatVector d2 = FloatVector.fromArray(SPECIES, sums, to + 3 * WIDTH + 2 * LANES);
        FloatVector d3 = FOUR ? FloatVector.fromArray(SPECIES, sums, to + 3 * WIDTH + 3 * LANES) : d2;
        for (int i = 0; i < count; i++) {
            int w = from + i * WIDTH;
            FloatVector w0 = FloatVector.fromArray(SPECIES, panel, w);
            FloatVector w1 = FloatVector.fromArray(SPECIES, panel, w + LANES);
            FloatVector w2 = FloatVector.fromArray(SPECIES, panel, w + 2 * LANES);
            FloatVector w3 = FOUR ? FloatVector.fromArray(SPECIES, panel, w + 3 * LANES) : w2;
            FloatVector by = FloatVector.broadcast(SPECIES, x[at + i]);
            a0 = w0.fma(by, a0);
            a1 = w1.fma(by, a1);
            a2 = w2.fma(by, a2);
            a3 = FOUR ? w3.fma(by, a3) : a3;
            by = FloatVector.broadcast(SPECIES, x[at + in + i]);
            b0 = w0.fma(by, b0);
            b1 = w1.fma(by, b1);
            b2 = w2.fma(by, b2);
            b3 = FOUR ? w3.fma(by, b3) : b3;
            by = FloatVector.broadcast(SPECIES, x[at + 2 * in + i]);
            c0 = w0.fma(by, c0);
            c1 = w1.fma(by, c1);
            c2 = w2.fma(by, c2);
            c3 = FOUR ? w3.fma(by, c3) : c3;
            by = FloatVector.broadcast(SPECIES, x[at + 3 * in + i]);
            d0 = w0.fma(by, d0);
            d1 = w1.fma(by, d1);
            d2 = w2.fma(by, d2);
            d3 = FOUR ? w3.fma(by, d3) : d3;
        }
        a0.intoArray(sums, to);
        a1.intoArray(sums, to + LANES);
        a2.intoArray(sums, to + 2 * LANES);
        if (FOUR) {
            a3.intoArray(sums, to + 3 * LANES);
        }
        b0.intoArray(sums, to + WIDTH);
        b1.intoArray(sums, to + WIDTH + LANES);
        b2.intoArray(sums, to + WIDTH + 2 * LANES);
        if (FOUR) {
            b3.intoArray(sums, to + WIDTH + 3 * LANES);
        }
        c0.intoArray(sums, to + 2 * WIDTH);
        c1.intoArray(sums, to + 2 * WIDTH + LANES);
        c2.intoArray(sums, to + 2 * WIDTH + 2 * LANES);
        if (FOUR) {
            c3.intoArray(sums, to + 2 * WIDTH + 3 * LANES);
        }
        d0.intoArray(sums, to + 3 * WIDTH);
        d1.intoArray(sums, to + 3 * WIDTH + LANES);
        d2.intoArray(sums, to + 3 * WIDTH + 2 * LANES);
        if (FOUR) {
            d3.intoArray(sums, to + 3 * WIDTH + 3 * LANES);
        }
    }

    /** Continues the sums of one row over a stretch of inputs. */
    private static void addOne(float[] panel, int from, int count, float[] x, int at, float[] sums, int to) {
        FloatVector a0 = FloatVector.fromArray(SPECIES, sums, to);
        FloatVector a1 = FloatVector.fromArray(SPECIES, sums, to + LANES);
        FloatVector a2 = FloatVector.fromArray(SPECIES, sums, to + 2 * LANES);
        FloatVector a3 = FOUR ? FloatVector.fromArray(SPECIES, sums, to + 3 * LANES) : a2;
        for (int i = 0; i < count; i++) {
            int w = from + i * WIDTH;
            FloatVector by = FloatVector.broadcast(SPECIES, x[at + i]);
            a0 = FloatVector.fromArray(SPECIES, panel, w).fma(by, a0);
            a1 = FloatVector.fromArray(SPECIES, panel, w + LANES).fma(by, a1);
            a2 = FloatVector.fromArray(SPECIES, panel, w + 2 * LANES).fma(by, a2);
            a3 = FOUR ? FloatVector.fromArray(SPECIES, panel, w + 3 * LANES).fma(by, a3) : a3;
        }
        a0.intoArray(sums, to);
        a1.intoArray(sums, to + LANES);
        a2.intoArray(sums, to + 2 * LANES);
        if (FOUR) {
            a3.intoArray(sums, to + 3 * LANES);
        }
    }
}
