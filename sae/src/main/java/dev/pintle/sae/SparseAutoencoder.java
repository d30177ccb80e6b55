package dev.pintle.sae;

import dev.pintle.model.HookPoint;
import dev.pintle.problem.Problem;
import dev.pintle.steering.SteeringVector;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.Vec;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A sparse autoencoder of the residual stream: f = σ(W_enc x + b_enc), x̂ = W_decᵀ f + b_dec, where row i of W_dec is the
 * direction that latent i writes. Owns its weights; close it when done.
 */
public final class SparseAutoencoder implements AutoCloseable {
    private final String name;
    private final @Nullable HookPoint at;
    private final Sparsity sparsity;
    private final Parts parts;
    private final TensorScope owner;

    /**
     * The weights, in FP32.
     *
     * @param wEnc `[dSae, dModel]`
     * @param bEnc `[dSae]`
     * @param wDec `[dSae, dModel]`, a row a latent
     * @param bDec `[dModel]`
     */
    record Parts(Tensor wEnc, Tensor bEnc, Tensor wDec, Tensor bDec) {}

    SparseAutoencoder(String name, @Nullable HookPoint at, Sparsity sparsity, Parts parts, TensorScope owner) {
        this.name = name;
        this.at = at;
        this.sparsity = sparsity;
        this.parts = parts;
        this.owner = owner;
    }

    /**
     * Loads an autoencoder from a Goodfire {@code .pth} or {@code .pt} file.
     *
     * @throws dev.pintle.problem.PintleException if the file is not one, naming what was found
     */
    public static SparseAutoencoder load(Path file, Device device) {
        return GoodfireFormat.load(file, device);
    }

    /** The same, saying where it was trained where the file does not. */
    public SparseAutoencoder at(HookPoint point) {
        return new SparseAutoencoder(name, point, sparsity, parts, owner);
    }

    /** File name, for reports. */
    public String name() {
        return name;
    }

    /** Where in the model it was trained; null where neither file nor caller said so. */
    public @Nullable HookPoint at() {
        return at;
    }

    /** Width of the activations it reads. */
    public int dModel() {
        return parts.wEnc.shape().intSize(1);
    }

    /** Number of latents. */
    public int dSae() {
        return parts.wEnc.shape().intSize(0);
    }

    /** Where its weights are. */
    public Device device() {
        return parts.wEnc.device();
    }

    /**
     * @param activation `[…, dModel]`
     * @return latent activations `[…, dSae]` in FP32, none negative
     */
    public Tensor encode(Tensor activation) {
        requireWidth(activation, "dModel", dModel());
        Tensor precise = activation.to(parts.wEnc.dtype());
        return sparsity.apply(precise.linear(parts.wEnc, parts.bEnc));
    }

    /**
     * @param latents `[…, dSae]`
     * @return reconstruction `[…, dModel]` in FP32
     */
    public Tensor decode(Tensor latents) {
        requireWidth(latents, "dSae", dSae());
        return latents.to(parts.wDec.dtype()).matmul(parts.wDec).plus(parts.bDec);
    }

    /** Latent activations `[dSae]` of one vector. */
    public Vec encode(Vec activation) {
        try (TensorScope scope = TensorScope.open("encode a vector")) {
            return encode(Tensor.of(activation).to(device())).toVec();
        }
    }

    /** Reconstruction `[dModel]` from latents `[dSae]`. */
    public Vec decode(Vec latents) {
        try (TensorScope scope = TensorScope.open("decode a vector")) {
            return decode(Tensor.of(latents).to(device())).toVec();
        }
    }

    /** The direction that a latent writes, as stored and not of length 1. */
    public Vec decoderRow(int latent) {
        if (latent < 0 || latent >= dSae()) {
            throw Problem.of("The autoencoder has no such latent.")
                    .fact("autoencoder", name)
                    .fact("expected", "0 to " + (dSae() - 1))
                    .fact("but was", latent)
                    .toIllegalArgument();
        }
        try (TensorScope scope = TensorScope.open("decoder row")) {
            return parts.wDec.select(0, latent).toVec();
        }
    }

    /**
     * The directions that neighbouring latents write, as stored.
     *
     * @return `[count, dModel]` in FP32, in the innermost open scope
     */
    public Tensor decoderRows(int from, int count) {
        return parts.wDec.narrow(0, from, count);
    }

    /** The decoder's bias, which is the reconstruction where no latent is active. */
    public Vec decoderBias() {
        try (TensorScope scope = TensorScope.open("decoder bias")) {
            return parts.bDec.toVec();
        }
    }

    /**
     * Takes a steering vector apart.
     *
     * @throws dev.pintle.problem.PintleException if vector and autoencoder belong to different places
     */
    public Decomposition decompose(SteeringVector vector, Decompose how) {
        HookPoint mine = at;
        if (mine != null && !mine.equals(vector.at())) {
            throw Problem.of("The vector and the autoencoder read different places.")
                    .fact("vector", vector.at())
                    .fact("autoencoder", mine)
                    .fact("try", "fit the vector at " + mine)
                    .toException();
        }
        return decompose(vector.direction(), how);
    }

    /** Takes a vector `[dModel]` apart. */
    public Decomposition decompose(Vec vector, Decompose how) {
        return how.apply(this, vector);
    }

    private void requireWidth(Tensor tensor, String axis, int width) {
        if (tensor.shape().rank() == 0 || tensor.size(-1) != width) {
            tensor.shape().require("… " + axis, Map.of(axis, width));
        }
    }

    /** Releases the weights. */
    @Override
    public void close() {
        owner.close();
    }
}
