package dev.pintle.sae;

import dev.pintle.base.Problem;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.Vec;
import java.util.Arrays;
import java.util.List;

/**
 * Cosines of a text's activations x with a vector v, with its reconstruction r = dec(enc(v)), and with the error term
 * e = v − r. Since v = r + e, ‖v‖ cos(x, v) = ‖r‖ cos(x, r) + ‖e‖ cos(x, e). If r is mostly the decoder's bias, r and e
 * have nearly the same norm and both are much longer than v; that the sum of their cosines tracks the first one is then
 * mere arithmetic.
 *
 * <p>Where r or e is zero, its cosines are NaN.
 *
 * @param vector cos(x, v) per token
 * @param reconstruction cos(x, r) per token
 * @param error cos(x, e) per token
 */
public record CosinesAlong(Vec vector, Vec reconstruction, Vec error) {
    /**
     * Computes the cosines per token of a text.
     *
     * @param activations `[tokens, dModel]`
     * @param vector `[dModel]`
     * @throws IllegalArgumentException if the vector's width differs from the autoencoder's
     */
    public static CosinesAlong of(SparseAutoencoder sae, Tensor activations, Vec vector) {
        sae.requireActivations(activations);
        if (vector.size() != sae.dModel()) {
            throw Problem.of("The vector does not fit the autoencoder.")
                    .fact("autoencoder", sae.name() + ", " + sae.dModel() + " wide")
                    .fact("vector", vector.size() + " wide")
                    .toIllegalArgument();
        }
        Vec reconstruction = sae.reconstruct(vector);
        return new CosinesAlong(
                cosines(activations, vector),
                cosines(activations, reconstruction),
                cosines(activations, vector.minus(reconstruction)));
    }

    /** Cosines of a text whose activations are on the heap: `[tokens]` of `[dModel]`. */
    public static CosinesAlong of(SparseAutoencoder sae, List<Vec> activations, Vec vector) {
        try (TensorScope scope = TensorScope.open("cosines along a text")) {
            return of(sae, Tensor.of(activations).to(sae.device()), vector);
        }
    }

    private static Vec cosines(Tensor activations, Vec direction) {
        if (direction.norm() == 0) { // no latent is active and the decoder has no bias
            float[] none = new float[activations.shape().intSize(0)];
            Arrays.fill(none, Float.NaN);
            return Vec.of(none);
        }
        try (TensorScope scope = TensorScope.open("cosines")) {
            Tensor x = activations.to(DType.FP32);
            Tensor unit = Tensor.of(direction.unit()).to(x.device());
            return x.times(unit).sum(1, false).dividedBy(x.norm(1, false)).toVec();
        }
    }
}
