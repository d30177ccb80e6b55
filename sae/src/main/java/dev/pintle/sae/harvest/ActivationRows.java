package dev.pintle.sae.harvest;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import java.util.List;

/**
 * Rows of a store, on the heap.
 *
 * @param bytes of the activations, row by row, as stored
 * @param dtype of the activations
 * @param shape of a row: {@code [dModel]}, or several axes
 * @param documents 0-based number of each row's text in the collection
 * @param positions of each row's token in its text, in tokens from 0
 * @param tokenIds each row's token
 */
public record ActivationRows(
        byte[] bytes, DType dtype, List<Long> shape, long[] documents, int[] positions, int[] tokenIds) {
    /** Copies the shape; the arrays are shared. */
    public ActivationRows {
        shape = List.copyOf(shape);
    }

    /** Number of rows. */
    public int count() {
        return documents.length;
    }

    /** The activations `[count, …]` in the dtype in which they are stored, on the CPU, owned by the open scope. */
    public Tensor tensor() {
        long[] sizes = new long[shape.size() + 1];
        sizes[0] = count();
        for (int i = 0; i < shape.size(); i++) {
            sizes[i + 1] = shape.get(i);
        }
        return Tensor.ofBytes(bytes, dtype, sizes);
    }

    /** The activations as FP32, row by row. */
    public float[] floats() {
        try (TensorScope scope = TensorScope.open("activation rows")) {
            return tensor().to(DType.FP32).toFloats();
        }
    }
}
