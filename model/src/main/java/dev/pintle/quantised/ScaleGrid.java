package dev.pintle.quantised;

import dev.pintle.tensor.io.TensorEntry;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Numbers that belong to rectangles of a weight `[out, in]`: one to all of it, to each row, to groups of a row, or to blocks
 * of rows and columns.
 *
 * @param rows of a rectangle
 * @param columns of a rectangle
 * @param perRow numbers that belong to a row of rectangles
 */
record ScaleGrid(int rows, int columns, int perRow) {
    /**
     * The rectangles that follow from the shape of the scales.
     *
     * @param part name of the scales
     * @param blocks rows and columns of a block, if there are any
     * @throws dev.pintle.base.PintleException if the shape fits no rectangles
     */
    static ScaleGrid of(Parts parts, String part, int out, int in, int @Nullable [] blocks) {
        TensorEntry entry = parts.required(part);
        long[] shape = entry.shape().toArray();
        if (!Parts.NUMBERS.contains(entry.dtype())) {
            throw parts.unexpected(part, "numbers in fp32, fp16 or bf16");
        }
        if (blocks != null && Arrays.equals(shape, new long[] {pieces(out, blocks[0]), pieces(in, blocks[1])})) {
            return new ScaleGrid(blocks[0], blocks[1], pieces(in, blocks[1]));
        }
        if (entry.shape().elements() == 1 && shape.length <= 2) {
            return new ScaleGrid(out, in, 1);
        }
        boolean list = shape.length == 1 || (shape.length == 2 && shape[1] == 1);
        if (list && shape[0] == out) {
            return new ScaleGrid(1, in, 1);
        }
        if (shape.length == 2 && shape[0] == out && shape[1] > 0 && in % shape[1] == 0) {
            return new ScaleGrid(1, (int) (in / shape[1]), (int) shape[1]);
        }
        List<String> expected = new ArrayList<>(List.of("[1]", "[" + out + ", 1]", "[" + out + ", groups]"));
        if (blocks != null) {
            expected.add("[" + pieces(out, blocks[0]) + ", " + pieces(in, blocks[1]) + "]");
        }
        throw parts.unexpected(part, String.join(" or ", expected) + " for a weight [" + out + ", " + in + "]");
    }

    private static int pieces(int size, int piece) {
        return (size - 1) / piece + 1;
    }

    /** Where the numbers of a row begin. */
    int first(int row) {
        return row / rows * perRow;
    }
}
