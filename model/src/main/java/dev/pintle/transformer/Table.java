package dev.pintle.transformer;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.QuantisedWeight;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;

/** The rows of a matrix by their numbers, such as a vocabulary's embeddings. */
public sealed interface Table {
    /**
     * @param ids `[…]` INT64
     * @return `[…, width]`
     */
    Tensor rows(Tensor ids);

    /**
     * A table whose rows are numbers.
     *
     * @param matrix `[rows, width]`
     */
    record Plain(Tensor matrix) implements Table {
        @Override
        public Tensor rows(Tensor ids) {
            return matrix.rows(ids);
        }
    }

    /**
     * A table whose rows are decoded when they are asked for.
     *
     * @param matrix `[rows, width]` on the CPU
     * @param dtype of the result
     */
    record Blocks(QuantisedWeight matrix, DType dtype) implements Table {
        @Override
        public Tensor rows(Tensor ids) {
            long[] shape = new long[ids.shape().rank() + 1];
            System.arraycopy(ids.shape().toArray(), 0, shape, 0, shape.length - 1);
            shape[shape.length - 1] = matrix.in();
            try (TensorScope scope = TensorScope.open("decode rows")) {
                return scope.keep(matrix.decoded(ids.toInts()).to(dtype).reshape(shape));
            }
        }
    }
}
