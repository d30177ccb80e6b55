package dev.pintle.quantised;

import dev.pintle.tensor.DType;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The format {@code pack-quantized} of compressed-tensors: w = (q − zero point) · scale. Words of 32 bits hold 8 or 4 integers
 * of a row that follow each other, the first in the lowest bits, with half of the number of codes added; zero points
 * that are packed likewise follow each other along the output. The last word of a row may be filled in part.
 *
 * @param bits that the configuration allows: 4, 8 or both
 */
record PackedIntegerLayout(Set<Integer> bits) implements Layout {
    private static final String WORDS = "weight_packed";
    private static final String SCALE = "weight_scale";
    private static final String ZERO = "weight_zero_point";
    private static final String GROUPS = "weight_g_idx";
    private static final String SHAPE = "weight_shape";

    @Override
    public String name() {
        return "packed integers";
    }

    @Override
    public Set<String> parts() {
        return Set.of(WORDS, SCALE, ZERO, GROUPS, SHAPE, "input_scale", "input_zero_point", "output_scale");
    }

    @Override
    public Set<String> marks() {
        return Set.of(WORDS);
    }

    @Override
    public CodedMatrix open(Parts parts, int out, int in) {
        requireSize(parts, out, in);
        int each = bits(parts, out, in);
        int perWord = Integer.SIZE / each;
        int wide = (in - 1) / perWord + 1;
        ScaleGrid grid = ScaleGrid.of(parts, SCALE, out, in, null);
        Groups groups = groups(parts, grid, in);
        Codes.Integers plain = new Codes.Integers(each, false);
        int[] zeros = zeros(parts, plain, grid, out);
        boolean aroundMiddle = zeros == null || Arrays.stream(zeros).allMatch(zero -> zero == plain.middle());
        Codes codes = new Codes.Integers(each, aroundMiddle);
        float[] scales = parts.floats(SCALE);
        return new CodedMatrix(parts, SCALE, out, in, groups.run(), codes) {
            @Override
            Rows rows(int from, int count) {
                int[] words = parts.tensor(WORDS).narrow(0, from, count).toInts();
                return (row, to) -> {
                    int[] order = groups.columns();
                    for (int i = 0; i < in; i++) {
                        to.codes()[i] = Words.at(words, (row - from) * wide, 1, each, order == null ? i : order[i]);
                    }
                    for (int r = 0; r < to.scales().length; r++) {
                        int at = grid.first(row) + groups.group()[r];
                        to.scales()[r] = scales[at];
                        to.zeros()[r] = zeros == null ? plain.middle() : zeros[at];
                    }
                };
            }

            @Override
            int @Nullable [] columns() {
                return groups.columns();
            }
        };
    }

    private static void requireSize(Parts parts, int out, int in) {
        parts.require(SHAPE, List.of(DType.INT64, DType.INT32), new long[] {2});
        int[] shape = parts.ints(SHAPE);
        if (shape[0] != out || shape[1] != in) {
            throw parts.problem("A weight's shape does not match the configuration.", SHAPE)
                    .fact("expected", "[" + out + ", " + in + "]")
                    .fact("but was", Arrays.toString(shape))
                    .toException();
        }
    }

    private int bits(Parts parts, int out, int in) {
        long[] shape = parts.required(WORDS).shape().toArray();
        for (int each : new int[] {4, 8}) {
            int perWord = Integer.SIZE / each;
            if (bits.contains(each) && Arrays.equals(shape, new long[] {out, (in - 1) / perWord + 1})) {
                parts.require(WORDS, List.of(DType.INT32), shape);
                return each;
            }
        }
        throw parts.unexpected(
                WORDS,
                "words of 32 bits with " + bits.stream().sorted().toList() + " bits each, for a weight [" + out + ", "
                        + in + "]");
    }

    private static Groups groups(Parts parts, ScaleGrid grid, int in) {
        if (!parts.has(GROUPS)) {
            return Groups.inOrder(grid.columns(), in);
        }
        parts.require(GROUPS, List.of(DType.INT32, DType.INT64), new long[] {in});
        boolean none = Arrays.stream(parts.ints(GROUPS)).allMatch(group -> group == -1); // as it is written before use
        return none ? Groups.inOrder(grid.columns(), in) : Groups.listed(parts, GROUPS, grid.perRow(), grid.columns());
    }

    /** Zero points as codes, by scale; null if there are none, so that they are in the middle. */
    private static int @Nullable [] zeros(Parts parts, Codes.Integers codes, ScaleGrid grid, int out) {
        if (!parts.has(ZERO)) {
            return null;
        }
        int rows = grid.rows() == 1 ? out : 1;
        if (parts.required(ZERO).dtype() == DType.INT8) {
            parts.require(
                    ZERO, List.of(DType.INT8), parts.required(SCALE).shape().toArray());
            int[] zeros = parts.ints(ZERO);
            for (int i = 0; i < zeros.length; i++) {
                if (zeros[i] < -codes.middle() || zeros[i] >= codes.middle()) {
                    throw parts.problem(
                                    "A zero point of a quantised weight is outside the range of its integers.", ZERO)
                            .fact("expected", -codes.middle() + " to " + (codes.middle() - 1))
                            .fact("but was", zeros[i])
                            .toException();
                }
                zeros[i] += codes.middle();
            }
            return zeros;
        }
        int perWord = Integer.SIZE / codes.bits();
        parts.require(ZERO, List.of(DType.INT32), new long[] {(rows - 1) / perWord + 1, grid.perRow()});
        return Words.down(parts.ints(ZERO), codes.bits(), rows, grid.perRow());
    }
}
