package dev.pintle.sae.profile;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.stream.IntStream;

/*
 * What is kept must not depend on the order in which firings arrive, or parts of a collection could not be merged into
 * what one pass finds. The usual algorithms for heavy hitters in bounded space (space-saving, Misra-Gries) depend on it.
 *
 * Sums are whole numbers of quanta of 2^-20, since adding floating-point numbers depends on the order. They end at the
 * largest long rather than overflow: for sums of what is not negative, that too is the same in any order.
 *
 * Up to 256 different tokens are counted one by one, which most latents never exceed. Beyond, two things remain:
 *
 *   - 256 cells, to which tokens are hashed, with the sum of each (a count-min sketch with one row, Cormode and
 *     Muthukrishnan 2005). Cells add up in any order. A token's sum is estimated as that of its cell less the mean of the
 *     other cells, which is about what else fell into it (Deng and Rafiei 2007).
 *   - The 256 tokens with the smallest ranks, where a token's rank is the smallest u / activation of its firings and u is
 *     a hash of the firing in (0, 1]. The larger a token's sum the smaller its rank tends to be, as in bottom-k samples
 *     weighted by sums (Cohen and Kaplan 2007), so a token with a share of a few percent is missing only by rare accident.
 *     Whether a token is among them depends on its rank and those of the others alone, and a rank is a minimum.
 */
/**
 * The tokens that a latent fires on, with the sum of its activations on each, in bounded space: exact for up to 256
 * different tokens, estimated beyond. Tables of parts can be added, and the result equals that of all firings in any
 * order.
 */
final class TokenTable {
    static final int TOKENS = 256;

    private static final double QUANTA = 1 << 20;
    private static final int EMPTY = 0;

    private int count;
    private int[] tokens = new int[4];
    private float[] ranks = new float[4];
    private long[] sums = new long[4]; // of each token; empty once there are cells
    private long[] cells = new long[0]; // empty while each token has its sum
    private short[] slots = new short[8]; // token to entry + 1, open addressing; unused once there are cells
    private int worst = -1; // the entry with the largest rank, once there are cells

    /** Whether sums are estimates. */
    boolean isEstimated() {
        return cells.length > 0;
    }

    int count() {
        return count;
    }

    int token(int entry) {
        return tokens[entry];
    }

    /** Sums of the activations on each entry's token, or estimates of them. */
    double[] sums() {
        double total = 0;
        for (long cell : cells) {
            total += cell;
        }
        double[] all = new double[count];
        for (int i = 0; i < count; i++) {
            double sum = isEstimated() ? cells[cell(tokens[i])] : sums[i];
            all[i] = (isEstimated() ? Math.max(0, sum - (total - sum) / (cells.length - 1)) : sum) / QUANTA;
        }
        return all;
    }

    /**
     * Adds a firing.
     *
     * @param activation above 0
     * @param hash of latent, document and position
     */
    void fired(int token, float activation, long hash) {
        double uniform = ((hash >>> 11) + 1) * 0x1p-53; // in (0, 1]
        add(token, (long) Math.rint(activation * QUANTA), (float) (uniform / activation));
    }

    /** Adds what another table counted. */
    void add(TokenTable other) {
        if (other.isEstimated()) {
            if (!isEstimated()) {
                fold();
            }
            for (int c = 0; c < cells.length; c++) {
                cells[c] = plus(cells[c], other.cells[c]);
            }
            for (int i = 0; i < other.count; i++) {
                offer(other.tokens[i], other.ranks[i]);
            }
        } else {
            for (int i = 0; i < other.count; i++) {
                add(other.tokens[i], other.sums[i], other.ranks[i]);
            }
        }
    }

    private void add(int token, long quanta, float rank) {
        if (!isEstimated()) {
            int slot = slot(token);
            int entry = slots[slot] - 1;
            if (entry < 0 && count == TOKENS) {
                fold();
            } else {
                if (entry < 0) {
                    entry = append(token, rank);
                    slots[slot] = (short) (entry + 1);
                    growSlots();
                }
                sums[entry] = plus(sums[entry], quanta);
                ranks[entry] = Math.min(ranks[entry], rank);
                return;
            }
        }
        int cell = cell(token);
        cells[cell] = plus(cells[cell], quanta);
        offer(token, rank);
    }

    private static long plus(long a, long b) {
        long sum = a + b;
        return sum < 0 ? Long.MAX_VALUE : sum;
    }

    private static int mixed(int token) {
        int h = token * 0x9E3779B9;
        return h ^ (h >>> 15);
    }

    private static int cell(int token) {
        return (token * 0x85EBCA6B) >>> 24;
    }

    private int slot(int token) {
        int slot = mixed(token) & (slots.length - 1);
        while (slots[slot] != EMPTY && tokens[slots[slot] - 1] != token) {
            slot = (slot + 1) & (slots.length - 1);
        }
        return slot;
    }

    private int append(int token, float rank) {
        if (count == tokens.length) {
            tokens = Arrays.copyOf(tokens, 2 * count);
            ranks = Arrays.copyOf(ranks, 2 * count);
            sums = Arrays.copyOf(sums, 2 * count);
        }
        tokens[count] = token;
        ranks[count] = rank;
        return count++;
    }

    private void growSlots() {
        if (2 * count > slots.length) {
            slots = new short[2 * slots.length];
            for (int i = 0; i < count; i++) {
                slots[slot(tokens[i])] = (short) (i + 1);
            }
        }
    }

    /** Goes from a sum for each token to cells. */
    private void fold() {
        cells = new long[TOKENS];
        for (int i = 0; i < count; i++) {
            int cell = cell(tokens[i]);
            cells[cell] = plus(cells[cell], sums[i]);
        }
        sums = new long[0];
        slots = new short[0];
        findWorst();
    }

    private boolean isWorse(float rank, int token, int thanEntry) {
        return rank > ranks[thanEntry] || (rank == ranks[thanEntry] && token > tokens[thanEntry]);
    }

    private void findWorst() {
        worst = count == 0 ? -1 : 0;
        for (int i = 1; i < count; i++) {
            worst = isWorse(ranks[i], tokens[i], worst) ? i : worst;
        }
    }

    /** Keeps a token if its rank is among the smallest. */
    private void offer(int token, float rank) {
        if (count == TOKENS && isWorse(rank, token, worst)) {
            return;
        }
        int at = 0;
        while (at < count && tokens[at] != token) {
            at++;
        }
        if (at < count) {
            ranks[at] = Math.min(ranks[at], rank);
        } else if (count < TOKENS) {
            if (count == tokens.length) {
                tokens = Arrays.copyOf(tokens, 2 * count);
                ranks = Arrays.copyOf(ranks, 2 * count);
            }
            tokens[count] = token;
            ranks[count++] = rank;
        } else {
            tokens[worst] = token;
            ranks[worst] = rank;
        }
        findWorst();
    }

    /** Writes the table, the same bytes whatever the order in which it was filled. */
    void write(DataOutputStream out) throws IOException {
        int[] order = IntStream.range(0, count)
                .boxed()
                .sorted((a, b) -> Integer.compare(tokens[a], tokens[b]))
                .mapToInt(Integer::intValue)
                .toArray();
        out.writeInt(count);
        out.writeInt(cells.length);
        for (int i : order) {
            out.writeInt(tokens[i]);
            out.writeFloat(ranks[i]);
            if (!isEstimated()) {
                out.writeLong(sums[i]);
            }
        }
        for (long cell : cells) {
            out.writeLong(cell);
        }
    }

    static TokenTable read(DataInputStream in) throws IOException {
        TokenTable table = new TokenTable();
        int count = in.readInt();
        long[] cells = new long[in.readInt()];
        if (cells.length > 0) {
            table.fold();
        }
        for (int i = 0; i < count; i++) {
            int token = in.readInt();
            float rank = in.readFloat();
            if (cells.length == 0) {
                table.add(token, in.readLong(), rank);
            } else {
                table.offer(token, rank);
            }
        }
        for (int c = 0; c < cells.length; c++) {
            cells[c] = in.readLong();
        }
        table.cells = cells;
        return table;
    }

    /** A table that holds sums without ranks, as files by earlier versions have them; nothing may be added to it. */
    static TokenTable readOnly(int[] tokens, float[] sums) {
        TokenTable table = new TokenTable();
        for (int i = 0; i < tokens.length; i++) {
            table.add(tokens[i], (long) Math.rint(sums[i] * QUANTA), 0);
        }
        return table;
    }
}
