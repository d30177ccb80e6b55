package dev.pintle.sae;

import dev.pintle.base.Problem;
import dev.pintle.hub.HubSettings;
import dev.pintle.model.LanguageModel;
import dev.pintle.steering.SteeringVector;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.Vec;
import dev.pintle.transformer.HookPoint;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A sparse autoencoder of activations: f = σ(W_enc x + b_enc), x̂ = W_decᵀ f + b_dec, where row i of W_dec is the direction
 * that latent i writes. What formats add to that (a bias subtracted first, a normalisation, a threshold) is in {@link
 * #sparsity}, {@link #normalisation} and {@link #origin}. Weights are FP32 or BF16, all arithmetic is FP32. Owns its weights;
 * close it when done.
 */
public final class SparseAutoencoder implements AutoCloseable {
    private final SaeOrigin origin;
    private final Weights weights;
    private final Gate gate;
    private final TensorScope owner;

    /** @param owner holds the weights and the gate's numbers */
    SparseAutoencoder(SaeOrigin origin, Weights weights, Gate gate, TensorScope owner) {
        this.origin = origin;
        this.weights = weights;
        this.gate = gate;
        this.owner = owner;
    }

    /**
     * Loads an autoencoder with FP32 weights, from a file or folder of any format that is known; see {@link SaeFiles}. On a
     * CPU, weights stored as FP32 stay memory-mapped.
     *
     * @throws dev.pintle.base.PintleException if there is none there, naming what was found
     */
    public static SparseAutoencoder load(Path fileOrFolder, Device device) {
        return load(fileOrFolder, device, DType.FP32);
    }

    /**
     * The same with FP32 or BF16 weights.
     *
     * @throws IllegalArgumentException for another dtype
     * @throws dev.pintle.base.PintleException if there is no autoencoder there, naming what was found
     */
    public static SparseAutoencoder load(Path fileOrFolder, Device device, DType dtype) {
        return SaeFiles.load(fileOrFolder, device, dtype);
    }

    /**
     * Loads by name: a file or folder, a file of the embedded model, or a repository in the cache, {@code
     * org/name[@revision][:folder]}.
     *
     * @throws dev.pintle.base.PintleException if there is none, with the places that were tried
     */
    public static SparseAutoencoder load(String name, Device device, DType dtype) {
        return load(SaeFolders.find(name, HubSettings.fromEnvironment()), device, dtype);
    }

    /** The same, saying where it was trained where the files do not. */
    public SparseAutoencoder at(HookPoint point) {
        return new SparseAutoencoder(origin.at(point), weights, gate, owner);
    }

    // ---------------------------------------------------------------- facts

    /** Short name, for reports. */
    public String name() {
        return origin.name();
    }

    /** What its files say about it. */
    public SaeOrigin origin() {
        return origin;
    }

    /** Where in the model it was trained; null where neither files nor caller said so. */
    public @Nullable HookPoint at() {
        return origin.at();
    }

    /**
     * Where in the model it was trained.
     *
     * @throws dev.pintle.base.PintleException if neither files nor caller said so
     */
    public HookPoint place() {
        HookPoint known = origin.at();
        if (known == null) {
            throw Problem.of("It is not known where the autoencoder reads.")
                    .fact("autoencoder", origin.path())
                    .fact("its files say", origin.site().isEmpty() ? "nothing" : origin.site())
                    .fact("try", "saying it: --layer 12, or .at(HookPoint.residPost(12))")
                    .toException();
        }
        return known;
    }

    /** Width of the activations it reads. */
    public int dModel() {
        return weights.encoder().dModel();
    }

    /** Number of latents. */
    public int dSae() {
        return weights.encoder().dSae();
    }

    /** Where its weights are. */
    public Device device() {
        return weights.decoderBias().device();
    }

    /** Dtype of its two matrices; biases and arithmetic are FP32. */
    public DType dtype() {
        return weights.encoder().stored().dtype();
    }

    /** How few latents are kept. */
    public Sparsity sparsity() {
        return weights.sparsity();
    }

    /** What is done to activations first. */
    public Normalisation normalisation() {
        return weights.normalisation();
    }

    /** Whether the decoder's bias is subtracted before encoding. */
    public boolean subtractsBias() {
        return weights.subtractsBias();
    }

    /**
     * This autoencoder, if it fits a model.
     *
     * @param force whether to let pass one that was trained on another model; one of another width never fits
     * @throws dev.pintle.base.PintleException with both names
     */
    public SparseAutoencoder requireFits(LanguageModel model, boolean force) {
        SaeFit.require(this, model, force);
        return this;
    }

    // ---------------------------------------------------------------- encoding and decoding

    /**
     * The dense answer. It takes 4 · dSae bytes a token; {@link #encodeTop} and {@link #encodeActive} bound that.
     *
     * @param activation `[…, dModel]`, any floating dtype; NaN stays NaN
     * @return latent activations `[…, dSae]` in FP32, none negative
     */
    public Tensor encode(Tensor activation) {
        requireWidth(activation, "dModel", dModel());
        try (TensorScope scope = TensorScope.open("encode")) {
            Tensor z = weights.preActivations(weights.frame(flat(activation)));
            return scope.keep(gate.apply(z).reshape(shapeLike(activation, dSae())));
        }
    }

    /**
     * @param latents `[…, dSae]`
     * @return reconstruction `[…, dModel]` in FP32
     * @throws dev.pintle.base.PintleException if each token is normalised in its own way, so that latents alone do not say
     *     what they stand for
     */
    public Tensor decode(Tensor latents) {
        requireWidth(latents, "dSae", dSae());
        requireDecodable();
        try (TensorScope scope = TensorScope.open("decode")) {
            Tensor sum = weights.sums(flat(latents).to(DType.FP32)).plus(weights.decoderBias());
            Tensor back = Frame.of(
                            weights.normalisation(), weights.decoderBias().reshape(1, -1))
                    .outside(sum);
            return scope.keep(back.reshape(shapeLike(latents, dModel())));
        }
    }

    /**
     * Latents decoded as those of given activations, whose normalisation is undone.
     *
     * @param latents `[n, dSae]`
     * @param activations `[n, dModel]`
     * @return `[n, dModel]` in FP32
     */
    public Tensor decode(Tensor latents, Tensor activations) {
        requireWidth(latents, "dSae", dSae());
        requireActivations(activations);
        try (TensorScope scope = TensorScope.open("decode")) {
            Tensor sum = weights.sums(latents.to(DType.FP32)).plus(weights.decoderBias());
            return scope.keep(weights.frame(activations).outside(sum));
        }
    }

    /**
     * What encoding and decoding leave of activations, in blocks of tokens.
     *
     * @param activations `[tokens, dModel]`
     * @return `[tokens, dModel]` in FP32
     */
    public Tensor reconstruct(Tensor activations) {
        return new SparseCoder(this).reconstruct(activations);
    }

    /**
     * The largest latents of each token, on the device and in bounded memory for any number of tokens. A token with fewer
     * active latents has zeros at the end.
     *
     * @param activations `[tokens, dModel]`; NaN stays NaN
     * @return `[tokens, k]`, largest first
     */
    public Tensor.TopK top(Tensor activations, int k) {
        return new SparseCoder(this).top(activations, k);
    }

    /**
     * The active ones among the largest {@code k} latents of each token, largest first.
     *
     * @param activations `[tokens, dModel]`
     * @throws IllegalArgumentException if an activation is not a finite number
     */
    public SparseLatents encodeTop(Tensor activations, int k) {
        return new SparseCoder(this).topActive(activations, k);
    }

    /**
     * Every active latent of each token, by rising index.
     *
     * @param activations `[tokens, dModel]`
     * @throws IllegalArgumentException if an activation is not a finite number
     */
    public SparseLatents encodeActive(Tensor activations) {
        return new SparseCoder(this).allActive(activations);
    }

    /**
     * Latent activations `[dSae]` of one vector.
     *
     * @throws IllegalArgumentException if it is of another width or not finite
     */
    public Vec encode(Vec activation) {
        requireVector(activation);
        try (TensorScope scope = TensorScope.open("encode a vector")) {
            return encode(Tensor.of(activation).to(device())).toVec();
        }
    }

    /** What encoding and decoding leave of one vector `[dModel]`. */
    public Vec reconstruct(Vec activation) {
        requireVector(activation);
        try (TensorScope scope = TensorScope.open("reconstruct a vector")) {
            return reconstruct(Tensor.of(activation).to(device()).reshape(1, -1))
                    .select(0, 0)
                    .toVec();
        }
    }

    /** Reconstruction `[dModel]` from latents `[dSae]`. */
    public Vec decode(Vec latents) {
        try (TensorScope scope = TensorScope.open("decode a vector")) {
            return decode(Tensor.of(latents).to(device())).toVec();
        }
    }

    // ---------------------------------------------------------------- parts

    /**
     * The direction `[dModel]` that one unit of a latent adds to an activation, as stored and not of length 1. Where each
     * token is normalised in its own way, it is the direction inside the normalisation.
     *
     * @throws IllegalArgumentException if there is no such latent
     */
    public Vec decoderRow(int latent) {
        requireLatent(latent);
        double factor = weights.normalisation() instanceof Normalisation.Scale scale ? 1 / scale.scale() : 1;
        Vec row = weights.decoder().row(latent);
        Tensor scales = weights.latentScale();
        if (scales != null) {
            try (TensorScope scope = TensorScope.open("scale of a latent")) {
                factor /= scales.select(0, latent).item();
            }
        }
        return factor == 1 ? row : row.times(factor);
    }

    /**
     * The direction `[dModel]` that a latent reads, as stored.
     *
     * @throws IllegalArgumentException if there is no such latent
     */
    public Vec encoderRow(int latent) {
        requireLatent(latent);
        return weights.encoder().row(latent);
    }

    /** The decoder's bias, which is the reconstruction where no latent is active; `[dModel]`. */
    public Vec decoderBias() {
        double factor = weights.normalisation() instanceof Normalisation.Scale scale ? 1 / scale.scale() : 1;
        try (TensorScope scope = TensorScope.open("decoder bias")) {
            Vec bias = weights.decoderBias().toVec();
            return factor == 1 ? bias : bias.times(factor);
        }
    }

    /**
     * The directions `[count, dModel]` that neighbouring latents write, as {@link #decoderRow} gives them.
     *
     * @return FP32, in the innermost open scope
     */
    public Tensor decoderRows(int from, int count) {
        requireLatent(from);
        requireLatent(from + count - 1);
        try (TensorScope scope = TensorScope.open("decoder rows")) {
            Tensor rows = weights.decoder().rows(from, count);
            Tensor scales = weights.latentScale();
            if (scales != null) {
                rows = rows.dividedBy(scales.narrow(0, from, count).reshape(-1, 1));
            }
            return scope.keep(
                    weights.normalisation() instanceof Normalisation.Scale scale
                            ? rows.times(1 / scale.scale())
                            : rows);
        }
    }

    // ---------------------------------------------------------------- decomposing

    /**
     * Decomposes a steering vector into latents.
     *
     * @throws dev.pintle.base.PintleException if vector and autoencoder belong to different places or models
     */
    public Decomposition decompose(SteeringVector vector, Decompose how) {
        return decompose(vector, how, false);
    }

    /**
     * The same.
     *
     * @param force whether to let pass a vector of another place or model; one of another width never fits
     */
    public Decomposition decompose(SteeringVector vector, Decompose how, boolean force) {
        requireVector(vector.direction());
        SaeFit.require(this, vector, force);
        return decompose(vector.direction(), how);
    }

    /**
     * Decomposes a vector `[dModel]` into latents.
     *
     * @throws IllegalArgumentException if it is of another width, not finite, or zero
     */
    public Decomposition decompose(Vec vector, Decompose how) {
        requireVector(vector);
        if (vector.norm() == 0) {
            throw Problem.of("A vector of length 0 has nothing to take apart.")
                    .fact("autoencoder", name())
                    .toIllegalArgument();
        }
        return how.apply(this, vector);
    }

    // ---------------------------------------------------------------- inside

    Weights weights() {
        return weights;
    }

    Gate gate() {
        return gate;
    }

    void requireActivations(Tensor activations) {
        activations.shape().require("tokens dModel", Map.of("dModel", dModel()));
    }

    /** @throws IllegalArgumentException naming the latents there are, if this is none of them */
    public void requireLatent(int latent) {
        if (latent < 0 || latent >= dSae()) {
            throw Problem.of("The autoencoder has no such latent.")
                    .fact("autoencoder", name())
                    .fact("expected", "0 to " + (dSae() - 1))
                    .fact("but was", latent)
                    .toIllegalArgument();
        }
    }

    private void requireDecodable() {
        if (!weights.normalisation().isSameForAll()) {
            throw Problem.of("Latents alone cannot be decoded: the autoencoder normalises each token in its own way.")
                    .fact("autoencoder", name())
                    .fact("normalisation", weights.normalisation())
                    .fact("try", "reconstruct(activations), or decode(latents, activations)")
                    .toException();
        }
    }

    private void requireVector(Vec vector) {
        if (vector.size() != dModel() || !vector.isFinite()) {
            throw Problem.of("The vector does not fit the autoencoder.")
                    .fact("autoencoder", name())
                    .fact("expected", dModel() + " finite numbers")
                    .fact("but was", vector.isFinite() ? vector : vector.size() + " numbers, some not finite")
                    .toIllegalArgument();
        }
    }

    private static void requireWidth(Tensor tensor, String axis, int width) {
        if (tensor.shape().rank() == 0 || tensor.size(-1) != width) {
            tensor.shape().require("… " + axis, Map.of(axis, width));
        }
    }

    private static Tensor flat(Tensor tensor) {
        return tensor.reshape(-1, tensor.size(-1));
    }

    private static long[] shapeLike(Tensor tensor, long width) {
        long[] shape = tensor.shape().toArray();
        shape[shape.length - 1] = width;
        return shape;
    }

    /** Releases the weights. */
    @Override
    public void close() {
        owner.close();
    }
}
