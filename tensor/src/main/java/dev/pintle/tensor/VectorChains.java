package dev.pintle.tensor;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/*
 * The weight is stored in panels of four vectors of outputs, input by input, so that a panel is read once from beginning
 * to end for four rows, whose sixteen sums stay in registers.
 */
/** {@link Chains} with the vector instructions of the CPU. */
final class VectorChains implements Chains {
    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final int LANES = SPECIES.length();
    private static final int WIDTH = 4 * LANES; // outputs of a panel
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
        for (int cut = 1; cut < cuts.length; cut++) {
            int from = cuts[cut - 1];
            int count = cuts[cut] - from;
            int row = first;
            int at = to;
            for (; row + 4 <= end; row += 4, at += 4 * stride) {
                addFour(panel, from * WIDTH, count, x, row * in + from, in, sums, at, stride);
            }
            for (; row < end; row++, at += stride) {
                addOne(panel, from * WIDTH, count, x, row * in + from, sums, at);
            }
        }
    }

    /** One piece of four rows. */
    private static void addFour(
            float[] panel, int from, int count, float[] x, int at, int in, float[] sums, int to, int stride) {
        FloatVector zero = FloatVector.zero(SPECIES);
        FloatVector a0 = zero;
        FloatVector a1 = zero;
        FloatVector a2 = zero;
        FloatVector a3 = zero;
        FloatVector b0 = zero;
        FloatVector b1 = zero;
        FloatVector b2 = zero;
        FloatVector b3 = zero;
        FloatVector c0 = zero;
        FloatVector c1 = zero;
        FloatVector c2 = zero;
        FloatVector c3 = zero;
        FloatVector d0 = zero;
        FloatVector d1 = zero;
        FloatVector d2 = zero;
        FloatVector d3 = zero;
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
        FloatVector.fromArray(SPECIES, sums, to).add(a0).intoArray(sums, to);
        FloatVector.fromArray(SPECIES, sums, to + LANES).add(a1).intoArray(sums, to + LANES);
        FloatVector.fromArray(SPECIES, sums, to + 2 * LANES).add(a2).intoArray(sums, to + 2 * LANES);
        FloatVector.fromArray(SPECIES, sums, to + 3 * LANES).add(a3).intoArray(sums, to + 3 * LANES);
        int to1 = to + stride;
        FloatVector.fromArray(SPECIES, sums, to1).add(b0).intoArray(sums, to1);
        FloatVector.fromArray(SPECIES, sums, to1 + LANES).add(b1).intoArray(sums, to1 + LANES);
        FloatVector.fromArray(SPECIES, sums, to1 + 2 * LANES).add(b2).intoArray(sums, to1 + 2 * LANES);
        FloatVector.fromArray(SPECIES, sums, to1 + 3 * LANES).add(b3).intoArray(sums, to1 + 3 * LANES);
        int to2 = to + 2 * stride;
        FloatVector.fromArray(SPECIES, sums, to2).add(c0).intoArray(sums, to2);
        FloatVector.fromArray(SPECIES, sums, to2 + LANES).add(c1).intoArray(sums, to2 + LANES);
        FloatVector.fromArray(SPECIES, sums, to2 + 2 * LANES).add(c2).intoArray(sums, to2 + 2 * LANES);
        FloatVector.fromArray(SPECIES, sums, to2 + 3 * LANES).add(c3).intoArray(sums, to2 + 3 * LANES);
        int to3 = to + 3 * stride;
        FloatVector.fromArray(SPECIES, sums, to3).add(d0).intoArray(sums, to3);
        FloatVector.fromArray(SPECIES, sums, to3 + LANES).add(d1).intoArray(sums, to3 + LANES);
        FloatVector.fromArray(SPECIES, sums, to3 + 2 * LANES).add(d2).intoArray(sums, to3 + 2 * LANES);
        FloatVector.fromArray(SPECIES, sums, to3 + 3 * LANES).add(d3).intoArray(sums, to3 + 3 * LANES);
    }

    /** One piece of one row. */
    private static void addOne(float[] panel, int from, int count, float[] x, int at, float[] sums, int to) {
        FloatVector a0 = FloatVector.zero(SPECIES);
        FloatVector a1 = a0;
        FloatVector a2 = a0;
        FloatVector a3 = a0;
        for (int i = 0; i < count; i++) {
            int w = from + i * WIDTH;
            FloatVector by = FloatVector.broadcast(SPECIES, x[at + i]);
            a0 = FloatVector.fromArray(SPECIES, panel, w).fma(by, a0);
            a1 = FloatVector.fromArray(SPECIES, panel, w + LANES).fma(by, a1);
            a2 = FloatVector.fromArray(SPECIES, panel, w + 2 * LANES).fma(by, a2);
            a3 = FloatVector.fromArray(SPECIES, panel, w + 3 * LANES).fma(by, a3);
        }
        FloatVector.fromArray(SPECIES, sums, to).add(a0).intoArray(sums, to);
        FloatVector.fromArray(SPECIES, sums, to + LANES).add(a1).intoArray(sums, to + LANES);
        FloatVector.fromArray(SPECIES, sums, to + 2 * LANES).add(a2).intoArray(sums, to + 2 * LANES);
        FloatVector.fromArray(SPECIES, sums, to + 3 * LANES).add(a3).intoArray(sums, to + 3 * LANES);
    }
}
