package dev.pintle.quantised;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.io.TensorEntry;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * GPTQ (arXiv:2210.17323) as AutoGPTQ and GPTQModel store it: w[n, k] = scale · (q − zero point) of the group of column k.
 * Words of 32 bits hold 8 or 4 integers that follow each other along the input, and zero points along the output, the first in
 * the lowest bits. Version 1 stores zero points minus 1, modulo the number of codes.
 *
 * @param zeroAdded what is added to stored zero points: 1 in version 1, 0 in version 2
 * @param groupSize columns of a group as the configuration states it, −1 for all; null if it differs between modules
 * @param listed whether columns belong to groups in any order, so that a list of their groups is needed
 */
record GptqLayout(int zeroAdded, @Nullable Integer groupSize, boolean listed) implements Layout {
    private static final String WORDS = "qweight";
    private static final String ZEROS = "qzeros";
    private static final String SCALES = "scales";
    private static final String GROUPS = "g_idx";

    @Override
    public String name() {
        return "GPTQ";
    }

    @Override
    public Set<String> parts() {
        return Set.of(WORDS, ZEROS, SCALES, GROUPS);
    }

    @Override
    public Set<String> marks() {
        return Set.of(WORDS);
    }

    @Override
    public CodedMatrix open(Parts parts, int out, int in) {
        int bits = bits(parts, out, in);
        int perWord = Integer.SIZE / bits;
        TensorEntry scales = parts.required(SCALES);
        long[] shape = scales.shape().toArray();
        int count = shape.length == 2 && shape[0] >= 1 && shape[0] <= in ? (int) shape[0] : 1;
        parts.require(SCALES, Parts.NUMBERS, new long[] {count, out});
        int size = size(parts, count, in);
        parts.require(ZEROS, List.of(DType.INT32), new long[] {count, out / perWord});
        Groups groups = groups(parts, count, size, in);
        int[] zeros = Words.across(parts.ints(ZEROS), bits, count, out);
        Codes.Integers plain = new Codes.Integers(bits, false);
        boolean aroundMiddle = true;
        for (int i = 0; i < zeros.length; i++) {
            zeros[i] = (zeros[i] + zeroAdded) & ((1 << bits) - 1);
            aroundMiddle &= zeros[i] == plain.middle();
        }
        float[] each = parts.floats(SCALES);
        return new CodedMatrix(parts, SCALES, out, in, groups.run(), new Codes.Integers(bits, aroundMiddle)) {
            @Override
            Rows rows(int from, int number) {
                int[] words =
                        parts.tensor(WORDS).narrow(1, from, number).contiguous().toInts(); // [in / perWord, number]
                return (row, to) -> {
                    int[] order = groups.columns();
                    for (int i = 0; i < in; i++) {
                        to.codes()[i] = Words.at(words, row - from, number, bits, order == null ? i : order[i]);
                    }
                    for (int r = 0; r < to.scales().length; r++) {
                        int at = groups.group()[r] * out + row;
                        to.scales()[r] = each[at];
                        to.zeros()[r] = zeros[at];
                    }
                };
            }

            @Override
            int @Nullable [] columns() {
                return groups.columns();
            }
        };
    }

    /** As the shape says it, so that modules may differ. */
    private static int bits(Parts parts, int out, int in) {
        for (int bits : new int[] {4, 8}) {
            int perWord = Integer.SIZE / bits;
            long[] shape = parts.required(WORDS).shape().toArray();
            if (in % perWord == 0 && out % perWord == 0 && shape.length == 2 && shape[0] == in / perWord) {
                parts.require(WORDS, List.of(DType.INT32), new long[] {in / perWord, out});
                return bits;
            }
        }
        throw parts.unexpected(
                WORDS, "[" + in / 8 + ", " + out + "] for 4 bits or [" + in / 4 + ", " + out + "] for 8, int32");
    }

    private int size(Parts parts, int count, int in) {
        int stated = groupSize == null ? (in + count - 1) / count : groupSize == -1 ? in : groupSize;
        if ((in + (long) stated - 1) / stated != count) {
            throw parts.unexpected(
                    SCALES,
                    (in + (long) stated - 1) / stated + " rows, since quantization_config gives groups of " + stated
                            + " columns");
        }
        return Math.min(stated, in);
    }

    private Groups groups(Parts parts, int count, int size, int in) {
        if (!listed && !parts.has(GROUPS)) {
            return Groups.inOrder(size, in);
        }
        parts.require(GROUPS, List.of(DType.INT32, DType.INT64), new long[] {in});
        return Groups.listed(parts, GROUPS, count, size);
    }
}
