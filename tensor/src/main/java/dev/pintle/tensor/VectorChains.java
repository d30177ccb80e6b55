package dev.pintle.tensor;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/*
 * The weight is stored in panels of four vectors of outputs, input by input. Four rows at a time, sixteen sums stay in
 * registers while a stretch of a panel is read; the stretch is short enough to stay in the L1 cache for the next four
 * rows.
 */
/** {@link Chains} with the vector instructions of the CPU. */
final class VectorChains implements Chains {
    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final int LANES = SPECIES.length();
    private static final int WIDTH = 4 * LANES; // outputs of a panel
    private static final int STRETCH = 128; // inputs
    private static final int FEWEST_LANES = 8; // with narrower vectors, plain loops are as fast

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
    public void add(int part, float[] x, int first, int count, int[] cuts, float[] sums) {
        int end = first + count;
        int start = part * WIDTH;
        float[] panel = panels[part];
        if (start + WIDTH <= out) {
            add(panel, x, first, end, cuts, sums, first * out + start, out);
            return;
        }
        float[] wide = new float[(end - first) * WIDTH]; // the last panel has outputs that do not exist
        for (int row = first; row < end; row++) {
            System.arraycopy(sums, row * out + start, wide, (row - first) * WIDTH, out - start);
        }
        add(panel, x, first, end, cuts, wide, 0, WIDTH);
        for (int row = first; row < end; row++) {
            System.arraycopy(wide, (row - first) * WIDTH, sums, row * out + start, out - start);
        }
    }

    private void add(float[] panel, float[] x, int first, int end, int[] cuts, float[] sums, int to, int stride) {
        float[] piece = new float[(end - first) * WIDTH];
        for (int cut = 1; cut < cuts.length; cut++) {
            for (int from = cuts[cut - 1]; from < cuts[cut]; from += STRETCH) {
                int count = Math.min(STRETCH, cuts[cut] - from);
                int row = first;
                int at = 0;
                for (; row + 4 <= end; row += 4, at += 4 * WIDTH) {
                    addFour(panel, from * WIDTH, count, x, row * in + from, in, piece, at);
                }
                for (; row < end; row++, at += WIDTH) {
                    addOne(panel, from * WIDTH, count, x, row * in + from, piece, at);
                }
            }
            for (int row = 0; row < end - first; row++) {
                for (int j = 0; j < WIDTH; j++) {
                    sums[to + row * stride + j] += piece[row * WIDTH + j];
                }
            }
            if (cut + 1 < cuts.length) {
                Arrays.fill(piece, 0);
            }
        }
    }

    /** Continues the sums of four rows over a stretch of inputs. */
    private static void addFour(float[] panel, int from, int count, float[] x, int at, int in, float[] sums, int to) {
        FloatVector a0 = FloatVector.fromArray(SPECIES, sums, to);
        FloatVector a1 = FloatVector.fromArray(SPECIES, sums, to + LANES);
        FloatVector a2 = FloatVector.fromArray(SPECIES, sums, to + 2 * LANES);
        FloatVector a3 = FloatVector.fromArray(SPECIES, sums, to + 3 * LANES);
        FloatVector b0 = FloatVector.fromArray(SPECIES, sums, to + WIDTH);
        FloatVector b1 = FloatVector.fromArray(SPECIES, sums, to + WIDTH + LANES);
        FloatVector b2 = FloatVector.fromArray(SPECIES, sums, to + WIDTH + 2 * LANES);
        FloatVector b3 = FloatVector.fromArray(SPECIES, sums, to + WIDTH + 3 * LANES);
        FloatVector c0 = FloatVector.fromArray(SPECIES, sums, to + 2 * WIDTH);
        FloatVector c1 = FloatVector.fromArray(SPECIES, sums, to + 2 * WIDTH + LANES);
        FloatVector c2 = FloatVector.fromArray(SPECIES, sums, to + 2 * WIDTH + 2 * LANES);
        FloatVector c3 = FloatVector.fromArray(SPECIES, sums, to + 2 * WIDTH + 3 * LANES);
        FloatVector d0 = FloatVector.fromArray(SPECIES, sums, to + 3 * WIDTH);
        FloatVector d1 = FloatVector.fromArray(SPECIES, sums, to + 3 * WIDTH + LANES);
        FloatVector d2 = FloatVector.fromArray(SPECIES, sums, to + 3 * WIDTH + 2 * LANES);
        FloatVector d3 = FloatVector.fromArray(SPECIES, sums, to + 3 * WIDTH + 3 * LANES);
        for (int i = 0; i < count; i++) {
            int w = from + i * WIDTH;
            FloatVector w0 = FloatVector.fromArray(SPECIES, panel, w);
            FloatVector w1 = FloatVector.fromArray(SPECIES, panel, w + LANES);
            FloatVector w2 = FloatVector.fromArray(SPECIES, panel, w + 2 * LANES);
            FloatVector w3 = FloatVector.fromArray(SPECIES, panel, w + 3 * LANES);
            FloatVector by = FloatVector.broadcast(SPECIES, x[at + i]);
            a0 = w0.fma(by, a0);
            a1 = w1.fma(by, a1);
            a2 = w2.fma(by, a2);
            a3 = w3.fma(by, a3);
            by = FloatVector.broadcast(SPECIES, x[at + in + i]);
            b0 = w0.fma(by, b0);
            b1 = w1.fma(by, b1);
            b2 = w2.fma(by, b2);
            b3 = w3.fma(by, b3);
            by = FloatVector.broadcast(SPECIES, x[at + 2 * in + i]);
            c0 = w0.fma(by, c0);
            c1 = w1.fma(by, c1);
            c2 = w2.fma(by, c2);
            c3 = w3.fma(by, c3);
            by = FloatVector.broadcast(SPECIES, x[at + 3 * in + i]);
            d0 = w0.fma(by, d0);
            d1 = w1.fma(by, d1);
            d2 = w2.fma(by, d2);
            d3 = w3.fma(by, d3);
        }
        a0.intoArray(sums, to);
        a1.intoArray(sums, to + LANES);
        a2.intoArray(sums, to + 2 * LANES);
        a3.intoArray(sums, to + 3 * LANES);
        b0.intoArray(sums, to + WIDTH);
        b1.intoArray(sums, to + WIDTH + LANES);
        b2.intoArray(sums, to + WIDTH + 2 * LANES);
        b3.intoArray(sums, to + WIDTH + 3 * LANES);
        c0.intoArray(sums, to + 2 * WIDTH);
        c1.intoArray(sums, to + 2 * WIDTH + LANES);
        c2.intoArray(sums, to + 2 * WIDTH + 2 * LANES);
        c3.intoArray(sums, to + 2 * WIDTH + 3 * LANES);
        d0.intoArray(sums, to + 3 * WIDTH);
        d1.intoArray(sums, to + 3 * WIDTH + LANES);
        d2.intoArray(sums, to + 3 * WIDTH + 2 * LANES);
        d3.intoArray(sums, to + 3 * WIDTH + 3 * LANES);
    }

    /** Continues the sums of one row over a stretch of inputs. */
    private static void addOne(float[] panel, int from, int count, float[] x, int at, float[] sums, int to) {
        FloatVector a0 = FloatVector.fromArray(SPECIES, sums, to);
        FloatVector a1 = FloatVector.fromArray(SPECIES, sums, to + LANES);
        FloatVector a2 = FloatVector.fromArray(SPECIES, sums, to + 2 * LANES);
        FloatVector a3 = FloatVector.fromArray(SPECIES, sums, to + 3 * LANES);
        for (int i = 0; i < count; i++) {
            int w = from + i * WIDTH;
            FloatVector by = FloatVector.broadcast(SPECIES, x[at + i]);
            a0 = FloatVector.fromArray(SPECIES, panel, w).fma(by, a0);
            a1 = FloatVector.fromArray(SPECIES, panel, w + LANES).fma(by, a1);
            a2 = FloatVector.fromArray(SPECIES, panel, w + 2 * LANES).fma(by, a2);
            a3 = FloatVector.fromArray(SPECIES, panel, w + 3 * LANES).fma(by, a3);
        }
        a0.intoArray(sums, to);
        a1.intoArray(sums, to + LANES);
        a2.intoArray(sums, to + 2 * LANES);
        a3.intoArray(sums, to + 3 * LANES);
    }
}
