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
 * A sparse autoencoder of activations: f = σ(W_enc x + b_enc), x̂ = W_decᵀ f + b_dec, where row i of W_dec is the
 * direction that latent i writes. What formats add to that is described by {@link #sparsity} (thresholds, TopK),
 * {@link #normalisation} and {@link #subtractsBias}. Weights are FP32 or BF16; all arithmetic is in FP32. Owns its
 * weights; close it when done.
 */
public final class SparseAutoencoder implements AutoCloseable {
    private final SaeOrigin origin;
    private final Weights weights;
    private final Gate gate;
    private final TensorScope owner;

    /** @param owner owns the weights and the gate's parameters */
    SparseAutoencoder(SaeOrigin origin, Weights weights, Gate gate, TensorScope owner) {
        this.origin = origin;
        this.weights = weights;
        this.gate = gate;
        this.owner = owner;
    }

    /**
     * Loads an autoencoder with FP32 weights from a file or folder in any known format; see {@link SaeFiles}. On a CPU,
     * weights stored as FP32 stay memory-mapped.
     *
     * @throws dev.pintle.base.PintleException if there is none, naming what was found
     */
    public static SparseAutoencoder load(Path fileOrFolder, Device device) {
        return load(fileOrFolder, device, DType.FP32);
    }

    /**
     * As {@link #load(Path, Device)}, with FP32 or BF16 weights.
     *
     * @throws IllegalArgumentException for any other dtype
     * @throws dev.pintle.base.PintleException if there is no autoencoder, naming what was found
     */
    public static SparseAutoencoder load(Path fileOrFolder, Device device, DType dtype) {
        return SaeFiles.load(fileOrFolder, device, dtype);
    }

    /**
     * Loads by name: a file or folder, a file of the embedded model, or a cached repository,
     * {@code org/name[@revision][:folder]}.
     *
     * @throws dev.pintle.base.PintleException if there is none, listing the places that were searched
     */
    public static SparseAutoencoder load(String name, Device device, DType dtype) {
        return load(SaeFolders.find(name, HubSettings.fromEnvironment()), device, dtype);
    }

    /** This autoencoder at a given hook point, for files that do not say where it was trained. Shares the weights. */
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

    /** The hook point it was trained on; null if neither the files nor the caller said. */
    public @Nullable HookPoint at() {
        return origin.at();
    }

    /**
     * The hook point it was trained on.
     *
     * @throws dev.pintle.base.PintleException if neither the files nor the caller said
     */
    public HookPoint place() {
        HookPoint known = origin.at();
        if (known == null) {
            throw Problem.of("It is not known which hook point the autoencoder reads.")
                    .fact("autoencoder", origin.path())
                    .fact("its files say", origin.site().isEmpty() ? "nothing" : origin.site())
                    .fact("try", "--layer 12, or in Java .at(HookPoint.residPost(12))")
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

    /** The device its weights are on. */
    public Device device() {
        return weights.decoderBias().device();
    }

    /** Dtype of the two matrices; biases and arithmetic are FP32. */
    public DType dtype() {
        return weights.encoder().stored().dtype();
    }

    /** The nonlinearity that makes latents sparse. */
    public Sparsity sparsity() {
        return weights.sparsity();
    }

    /** How activations are normalised before encoding. */
    public Normalisation normalisation() {
        return weights.normalisation();
    }

    /** Whether the decoder's bias is subtracted before encoding. */
    public boolean subtractsBias() {
        return weights.subtractsBias();
    }

    /**
     * Returns this autoencoder if it fits a model.
     *
     * @param force whether to accept one that was trained on a different model; a different width is never accepted
     * @throws dev.pintle.base.PintleException naming both if it does not fit
     */
    public SparseAutoencoder requireFits(LanguageModel model, boolean force) {
        SaeFit.require(this, model, force);
        return this;
    }

    /**
     * Returns this autoencoder if it fits a vector.
     *
     * @param force whether to accept a vector from a different hook point or model; a different width is never accepted
     * @throws dev.pintle.base.PintleException naming both if it does not fit
     */
    public SparseAutoencoder requireFits(SteeringVector vector, boolean force) {
        requireVector(vector.direction());
        SaeFit.require(this, vector, force);
        return this;
    }

    // ---------------------------------------------------------------- encoding and decoding

    /**
     * Encodes activations densely, in 4 · dSae bytes per token; {@link #encodeTop} and {@link #encodeActive} use less
     * memory.
     *
     * @param activation `[…, dModel]`, any floating dtype; NaN stays NaN
     * @return latent activations `[…, dSae]` in FP32, none negative except those of TopK without ReLU
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
     * @throws dev.pintle.base.PintleException if each token has its own normalisation, so that latents cannot be
     *     decoded without the activations
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
     * Decodes latents and undoes the normalisation of the activations that they were encoded from.
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
     * Encodes and decodes activations, in blocks of tokens.
     *
     * @param activations `[tokens, dModel]`
     * @return `[tokens, dModel]` in FP32
     */
    public Tensor reconstruct(Tensor activations) {
        return new SparseCoder(this).reconstruct(activations);
    }

    /**
     * The largest latents of each token, on the device, in bounded working memory for any number of tokens. A token
     * with fewer active latents is padded with zeros.
     *
     * @param activations `[tokens, dModel]`; NaN stays NaN
     * @return values and indices `[tokens, k]`, largest first
     */
    public Tensor.TopK top(Tensor activations, int k) {
        return new SparseCoder(this).top(activations, k);
    }

    /**
     * The active latents among the {@code k} largest of each token, largest first.
     *
     * @param activations `[tokens, dModel]`
     * @throws IllegalArgumentException if an activation is not finite
     */
    public SparseLatents encodeTop(Tensor activations, int k) {
        return new SparseCoder(this).topActive(activations, k);
    }

    /**
     * Every active latent of each token, in ascending order of index.
     *
     * @param activations `[tokens, dModel]`
     * @throws IllegalArgumentException if an activation is not finite
     */
    public SparseLatents encodeActive(Tensor activations) {
        return new SparseCoder(this).allActive(activations);
    }

    /**
     * Encodes one vector `[dModel]` to latent activations `[dSae]`.
     *
     * @throws IllegalArgumentException if its width differs from dModel, or it is not finite
     */
    public Vec encode(Vec activation) {
        requireVector(activation);
        try (TensorScope scope = TensorScope.open("encode a vector")) {
            return encode(Tensor.of(activation).to(device())).toVec();
        }
    }

    /** Encodes and decodes one vector `[dModel]`. */
    public Vec reconstruct(Vec activation) {
        requireVector(activation);
        try (TensorScope scope = TensorScope.open("reconstruct a vector")) {
            return reconstruct(Tensor.of(activation).to(device()).reshape(1, -1))
                    .select(0, 0)
                    .toVec();
        }
    }

    /** Decodes latents `[dSae]` to a reconstruction `[dModel]`. */
    public Vec decode(Vec latents) {
        try (TensorScope scope = TensorScope.open("decode a vector")) {
            return decode(Tensor.of(latents).to(device())).toVec();
        }
    }

    // ---------------------------------------------------------------- parts

    /**
     * The direction `[dModel]` that one unit of a latent adds to an activation, not normalised to length 1. If each
     * token has its own normalisation, this is the direction in normalised space.
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

    /** The decoder's bias `[dModel]`: the reconstruction if no latent is active. */
    public Vec decoderBias() {
        double factor = weights.normalisation() instanceof Normalisation.Scale scale ? 1 / scale.scale() : 1;
        try (TensorScope scope = TensorScope.open("decoder bias")) {
            Vec bias = weights.decoderBias().toVec();
            return factor == 1 ? bias : bias.times(factor);
        }
    }

    /**
     * The directions `[count, dModel]` that consecutive latents write, as in {@link #decoderRow}.
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
     * @throws dev.pintle.base.PintleException if vector and autoencoder belong to different hook points or models
     */
    public Decomposition decompose(SteeringVector vector, Decompose how) {
        return decompose(vector, how, false);
    }

    /**
     * As {@link #decompose(SteeringVector, Decompose)}.
     *
     * @param force whether to accept a vector from a different hook point or model; a different width is never accepted
     */
    public Decomposition decompose(SteeringVector vector, Decompose how, boolean force) {
        return requireFits(vector, force).decompose(vector.direction(), how);
    }

    /**
     * Decomposes a vector `[dModel]` into latents.
     *
     * @throws IllegalArgumentException if its width differs from dModel, or it is not finite, or zero
     */
    public Decomposition decompose(Vec vector, Decompose how) {
        requireVector(vector);
        if (vector.norm() == 0) {
            throw Problem.of("A zero vector cannot be decomposed.")
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

    /** @throws IllegalArgumentException naming the valid range if there is no such latent */
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
            throw Problem.of("Latents alone cannot be decoded: the autoencoder normalises each token separately.")
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
