package dev.pintle.quantised;

import dev.pintle.tensor.DType;
import java.util.List;
import java.util.Set;

/**
 * AWQ (arXiv:2306.00978) as AutoAWQ's version "gemm" stores it: w[n, k] = scale · (q − zero point) of the group of column k.
 * Words of 32 bits hold the integers of 8 rows n that follow each other, of which the lowest bits have the first, the next ones
 * the third, and so on: 0, 2, 4, 6, 1, 3, 5, 7.
 *
 * @param groupSize columns of a group, −1 for all
 */
record AwqLayout(int groupSize) implements Layout {
    private static final String WORDS = "qweight";
    private static final String ZEROS = "qzeros";
    private static final String SCALES = "scales";
    private static final int PER_WORD = 8;
    private static final int[] PLACES = {0, 4, 1, 5, 2, 6, 3, 7}; // of each of 8 rows in a word

    @Override
    public String name() {
        return "AWQ";
    }

    @Override
    public Set<String> parts() {
        return Set.of(WORDS, ZEROS, SCALES);
    }

    @Override
    public Set<String> marks() {
        return Set.of(WORDS);
    }

    @Override
    public CodedMatrix open(Parts parts, int out, int in) {
        int size = groupSize == -1 ? in : groupSize;
        if (out % PER_WORD != 0 || in % size != 0) {
            throw parts.unexpected(
                    WORDS,
                    "a multiple of " + PER_WORD + " rows and of " + size + " columns; the configuration's weight is ["
                            + out + ", " + in + "]");
        }
        int count = in / size;
        parts.require(WORDS, List.of(DType.INT32), new long[] {in, out / PER_WORD});
        parts.require(ZEROS, List.of(DType.INT32), new long[] {count, out / PER_WORD});
        parts.require(SCALES, Parts.NUMBERS, new long[] {count, out});
        int[] zeros = parts.ints(ZEROS); // [count, out / 8]
        float[] scales = parts.floats(SCALES);
        return new CodedMatrix(parts, SCALES, out, in, size, new Codes.Integers(4, false)) {
            @Override
            Rows rows(int from, int number) {
                int wide = (number + PER_WORD - 1) / PER_WORD;
                int[] words = parts.tensor(WORDS)
                        .narrow(1, from / PER_WORD, wide)
                        .contiguous()
                        .toInts(); // [in, wide]
                return (row, to) -> {
                    int shift = 4 * PLACES[row % PER_WORD];
                    int at = (row - from) / PER_WORD;
                    for (int i = 0; i < in; i++) {
                        to.codes()[i] = (byte) (words[i * wide + at] >>> shift & 15);
                    }
                    for (int r = 0; r < count; r++) {
                        to.scales()[r] = scales[r * out + row];
                        to.zeros()[r] = zeros[r * (out / PER_WORD) + row / PER_WORD] >>> shift & 15;
                    }
                };
            }
        };
    }
}
