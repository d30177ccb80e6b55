package dev.pintle.sae;

import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.Vec;

/** Single vectors through the arithmetic for many. */
final class Vectors {
    private Vectors() {}

    /** What the decoder's bias adds to a vector's reconstruction, its normalisation undone. */
    static Vec biasShare(SparseAutoencoder sae, Vec vector) {
        try (TensorScope scope = TensorScope.open("bias of a vector")) {
            Weights weights = sae.weights();
            return weights.frame(Tensor.of(vector).to(sae.device()).reshape(1, -1))
                    .outside(weights.decoderBias().reshape(1, -1))
                    .select(0, 0)
                    .toVec();
        }
    }
}
