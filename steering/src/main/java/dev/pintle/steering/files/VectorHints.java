package dev.pintle.steering.files;

import dev.pintle.base.Problem;
import org.jspecify.annotations.Nullable;

/**
 * What a file of another tool may leave open about its vectors.
 *
 * @param layer the block, from 0, whose output a vector belongs to, where the file does not say; else which of its layers to
 *     take; null for neither
 * @param position which position of a file of directions by position to take, negative from the end; null for the file's own
 * @param firstRow what the first row of a matrix with a row a layer is; null to tell by the file's name and the number of rows
 * @param blocks how many blocks the model has that the vectors are for; 0 where no model is known
 * @param tensor which of several tensors to take; empty for the only one
 * @param projections whether to read directions also that the file means to be projected out or clamped
 */
public record VectorHints(
        @Nullable Integer layer,
        @Nullable Integer position,
        @Nullable FirstRow firstRow,
        int blocks,
        String tensor,
        boolean projections) {
    /** What the first row of a matrix `[rows, dModel]` with a row a layer is. */
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
            throw Problem.of("The first row of a matrix is one of two things.")
                    .fact(
                            "choose",
                            "embedding (row N is the output of block N - 1), block-0 (row N is that of block N)")
                    .fact("but was", name)
                    .toIllegalArgument();
        }
    }

    /** Nothing is known. */
    public static VectorHints none() {
        return new VectorHints(null, null, null, 0, "", false);
    }

    /** With a layer. */
    public VectorHints layer(int block) {
        return new VectorHints(block, position, firstRow, blocks, tensor, projections);
    }

    /** With a position. */
    public VectorHints position(int index) {
        return new VectorHints(layer, index, firstRow, blocks, tensor, projections);
    }

    /** With what the first row is. */
    public VectorHints firstRow(FirstRow row) {
        return new VectorHints(layer, position, row, blocks, tensor, projections);
    }

    /** With the number of blocks of the model that the vectors are for. */
    public VectorHints blocks(int count) {
        return new VectorHints(layer, position, firstRow, count, tensor, projections);
    }

    /** With the name of the tensor to take. */
    public VectorHints tensor(String name) {
        return new VectorHints(layer, position, firstRow, blocks, name, projections);
    }

    /** Reading directions also that the file means to be projected out or clamped, which are not for addition. */
    public VectorHints withProjections() {
        return new VectorHints(layer, position, firstRow, blocks, tensor, true);
    }
}
