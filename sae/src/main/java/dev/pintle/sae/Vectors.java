package dev.pintle.sae;

import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.Vec;

/** Single vectors, computed as batches of one. */
final class Vectors {
    private Vectors() {}

    /** v − v̄, with the mean of its numbers subtracted from each. */
    static Vec centred(Vec vector) {
        double mean = 0;
        for (int i = 0; i < vector.size(); i++) {
            mean += vector.get(i) / (double) vector.size();
        }
        double[] centred = new double[vector.size()];
        for (int i = 0; i < centred.length; i++) {
            centred[i] = vector.get(i) - mean;
        }
        return Vec.of(centred);
    }

    /** The decoder bias's share of a vector's reconstruction, with the normalisation undone. */
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
