package dev.pintle.steering.files;

import dev.pintle.base.Problem;
import org.jspecify.annotations.Nullable;

/**
 * What another tool's file may not say about its vectors.
 *
 * @param layer the 0-based block whose output a vector belongs to, if the file does not say; otherwise which of its
 *     layers to read; null for neither
 * @param position which position to read from a file of directions by position, negative from the end; null for the
 *     file's own
 * @param firstRow what the first row of a matrix with one row per layer is; null to infer it from the file name and the
 *     number of rows
 * @param blocks number of blocks of the model that the vectors are for; 0 if unknown
 * @param tensor which of several tensors to read; empty for the only one
 * @param projections whether to also read directions that the file marks as to be projected out or clamped
 */
public record VectorHints(
        @Nullable Integer layer,
        @Nullable Integer position,
        @Nullable FirstRow firstRow,
        int blocks,
        String tensor,
        boolean projections) {
    /** What the first row of a matrix `[rows, dModel]` with one row per layer is. */
    public enum FirstRow {
        /** The embedding: row N is the output of block N - 1, as in the hidden states of transformers. */
        EMBEDDING("embedding"),
        /** The output of block 0: row N is the output of block N. */
        BLOCK_0("block-0");

        private final String label;

        FirstRow(String label) {
            this.label = label;
        }

        /** The name on the command line. */
        public String label() {
            return label;
        }

        /** @throws IllegalArgumentException listing the names */
        public static FirstRow parse(String name) {
            for (FirstRow row : values()) {
                if (row.label.equals(name)) {
                    return row;
                }
            }
            throw Problem.of("The first row of a matrix can be one of two things.")
                    .fact(
                            "choose",
                            "embedding (row N is the output of block N - 1), block-0 (row N is that of block N)")
                    .fact("but was", name)
                    .toIllegalArgument();
        }
    }

    /** No hints. */
    public static VectorHints none() {
        return new VectorHints(null, null, null, 0, "", false);
    }

    /** A copy with a layer. */
    public VectorHints layer(int block) {
        return new VectorHints(block, position, firstRow, blocks, tensor, projections);
    }

    /** A copy with a position. */
    public VectorHints position(int index) {
        return new VectorHints(layer, index, firstRow, blocks, tensor, projections);
    }

    /** A copy with what the first row is. */
    public VectorHints firstRow(FirstRow row) {
        return new VectorHints(layer, position, row, blocks, tensor, projections);
    }

    /** A copy with the number of blocks of the model that the vectors are for. */
    public VectorHints blocks(int count) {
        return new VectorHints(layer, position, firstRow, count, tensor, projections);
    }

    /** A copy with the name of the tensor to read. */
    public VectorHints tensor(String name) {
        return new VectorHints(layer, position, firstRow, blocks, name, projections);
    }

    /** A copy that also reads directions that the file marks as to be projected out or clamped, not added. */
    public VectorHints withProjections() {
        return new VectorHints(layer, position, firstRow, blocks, tensor, true);
    }
}
