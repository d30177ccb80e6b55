package dev.pintle.sae;

import dev.pintle.base.Problem;
import dev.pintle.steering.Add;
import dev.pintle.steering.Intervention;
import dev.pintle.steering.Tokens;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.Vec;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.RowChange;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/*
 * Why an edit does not need the whole autoencoder.
 *
 * Steering by latents is usually written as encode, change, decode, and add back the error term: with f = enc(x) and
 * e = x − dec(f), x' = dec(f') + e. The decoder is linear, so its bias and all unchanged latents cancel:
 *
 *   x' = x + (f' − f) W_dec,
 *
 * a sum over the changed latents only. Adding to latents does not even need f: f' − f is what is added, so the edit
 * adds decoder rows. Clamping and scaling need f of the changed latents, which takes only their encoder rows if each
 * latent depends on its own pre-activation alone (ReLU, JumpReLU, gated). If latents compete (TopK, group maximum), f
 * depends on all pre-activations and the whole encoder runs; the decoder still does not.
 */
/**
 * Changes chosen latents of an activation and keeps the error term: x + (f' − f) W_dec, in FP32, rounded once to the
 * model's dtype. The autoencoder must stay open as long as the edit is in use.
 *
 * @param sae the autoencoder whose latents are changed
 * @param changes at most one per latent
 * @param at the hook point
 * @param tokens the tokens it applies to
 */
public record SaeEdit(SparseAutoencoder sae, List<LatentChange> changes, HookPoint at, Tokens tokens)
        implements Intervention.Open {
    private static final long TILE = 32;

    /** @throws IllegalArgumentException unless the latents exist and each is changed once */
    public SaeEdit {
        changes = List.copyOf(changes);
        LatentChange.require(changes, sae);
    }

    /**
     * For static import: changes latents of every token at the hook point that the autoencoder was trained on. If all
     * changes are additions, the result is an {@link Add} of decoder rows, which costs no more than plain steering.
     *
     * @throws dev.pintle.base.PintleException if that hook point is not known
     */
    public static Intervention edit(SparseAutoencoder sae, LatentChange... changes) {
        return edit(sae, List.of(changes), Tokens.all());
    }

    /** As above, for the given tokens only. */
    public static Intervention edit(SparseAutoencoder sae, List<LatentChange> changes, Tokens tokens) {
        LatentChange.require(changes, sae);
        HookPoint at = sae.place();
        boolean adds = changes.stream().allMatch(LatentChange.Plus.class::isInstance);
        return adds && sae.normalisation().scalesAllAlike()
                ? new Add(written(sae, changes), at, 1, tokens)
                : new SaeEdit(sae, changes, at, tokens);
    }

    /** What additions to latents add to the activation, `[dModel]`. */
    private static Vec written(SparseAutoencoder sae, List<LatentChange> changes) {
        Vec sum = Vec.zeros(sae.dModel());
        for (LatentChange change : changes) {
            if (change instanceof LatentChange.Plus plus) {
                sum = sum.plus(sae.decoderRow(plus.latent()).times(plus.amount()));
            }
        }
        return sum;
    }

    /** Whether only the changed latents' rows are read; if latents compete, the whole encoder runs. */
    public boolean readsRowsOnly() {
        return sae.sparsity().decidesEachAlone();
    }

    @Override
    public Optional<RowChange> rowChange() {
        boolean known = sae.sparsity() instanceof Sparsity.Relu
                || sae.sparsity() instanceof Sparsity.JumpRelu
                || sae.sparsity() instanceof Sparsity.Gated;
        return known && sae.normalisation().scalesAllAlike()
                ? Optional.of(new RowChange(
                        at,
                        new RowChange.Edited(changes.stream().map(this::onRow).toList())))
                : Optional.empty();
    }

    /** A change with everything between activation and latent folded into the latent's encoder row and bias. */
    private RowChange.Latent onRow(LatentChange change) {
        int latent = change.latent();
        Weights weights = sae.weights();
        Vec encoder = sae.encoderRow(latent);
        try (TensorScope scope = TensorScope.open("fold a latent's bias")) {
            double bias = weights.encoderBias().select(0, latent).item();
            if (weights.subtractsBias()) {
                bias -= encoder.dot(weights.decoderBias().toVec());
            }
            if (weights.normalisation() instanceof Normalisation.Centred) {
                encoder = Vectors.centred(encoder); // w · (x − μ1) = (w − w̄1) · x
            }
            double outside = weights.normalisation() instanceof Normalisation.Scale scale ? scale.scale() : 1;
            Tensor scales = weights.latentScale();
            double inside = scales == null ? 1 : scales.select(0, latent).item();
            return change.of(
                    encoder.times(outside * inside),
                    bias * inside,
                    gate(weights.sparsity(), latent),
                    sae.decoderRow(latent));
        }
    }

    private static RowChange.Gate gate(Sparsity sparsity, int latent) {
        if (sparsity instanceof Sparsity.JumpRelu jump) {
            return new RowChange.Above(jump.thresholds().get(latent));
        }
        if (sparsity instanceof Sparsity.Gated gated) {
            return new RowChange.Scaled(
                    gated.magnitudeScale().get(latent), gated.magnitudeBias().get(latent));
        }
        return new RowChange.Above(0);
    }

    @Override
    public Action bind(ModelConfig model, Device device, DType dtype) {
        requireFits(sae, model, device, readsRowsOnly());
        LatentChange.Placed placed = LatentChange.Placed.on(device, changes);
        Weights rows = sae.weights()
                .only(changes.stream().mapToInt(LatentChange::latent).toArray())
                .on(device);
        Gate gate = readsRowsOnly() ? rows.sparsity().on(device) : sae.gate();
        return (point, activation, layout) -> tokens.change(activation, layout, h -> {
            try (TensorScope scope = TensorScope.open("edit latents")) {
                Tensor x = h.to(DType.FP32).reshape(-1, model.dModel());
                Tensor moved = ofRows(
                        x,
                        tile -> readsRowsOnly()
                                ? moved(rows, gate, placed, tile)
                                : new SparseCoder(sae).mapped(tile, some -> competing(rows, gate, placed, some)));
                return scope.keep(moved.reshape(h.shape().toArray())
                        .plus(h.to(DType.FP32))
                        .to(h.dtype()));
            }
        });
    }

    /**
     * Applies a function of single activations to all of them. On a CPU, it gets a fixed number at a time, the last ones padded
     * with zeros: a matrix product's kernel, and so the order of its sums, depends on the number of rows, and an activation's
     * bits must not depend on which others are there.
     *
     * @param x `[n, dModel]`
     */
    private static Tensor ofRows(Tensor x, UnaryOperator<Tensor> change) {
        if (!x.device().equals(Device.CPU)) {
            return change.apply(x);
        }
        long n = x.size(0);
        List<Tensor> parts = new ArrayList<>();
        for (long start = 0; start < n; start += TILE) {
            long count = Math.min(TILE, n - start);
            Tensor some = x.narrow(0, start, count);
            if (count < TILE) {
                some = Tensor.cat(List.of(some, Tensor.zeros(x.dtype(), x.device(), TILE - count, x.size(1))), 0);
            }
            parts.add(change.apply(some).narrow(0, 0, count));
        }
        return parts.size() == 1 ? parts.get(0) : Tensor.cat(parts, 0);
    }

    private static Tensor moved(Weights rows, Gate gate, LatentChange.Placed placed, Tensor x) {
        Frame frame = rows.frame(x);
        Tensor f = gate.apply(rows.preActivations(frame)); // [n, m]
        return frame.outsideChange(rows.sums(placed.changed(f).minus(f)));
    }

    private Tensor competing(Weights rows, Gate gate, LatentChange.Placed placed, Tensor x) {
        Frame frame = rows.frame(x);
        Tensor all = gate.apply(sae.weights().preActivations(frame)); // [n, dSae]
        Tensor f = all.indexSelect(1, placed.latents());
        return frame.outsideChange(rows.sums(placed.changed(f).minus(f)));
    }

    /** @param anyDevice whether the autoencoder may be on a different device than the model */
    static void requireFits(SparseAutoencoder sae, ModelConfig model, Device device, boolean anyDevice) {
        if (sae.dModel() != model.dModel()) {
            throw Problem.of("The autoencoder does not fit the model.")
                    .fact("autoencoder", sae.name() + ", " + sae.dModel() + " wide")
                    .fact("model", "dModel = " + model.dModel())
                    .toIllegalArgument();
        }
        if (!anyDevice && !sae.device().equals(device)) {
            throw Problem.of("This needs the whole autoencoder, which is on a different device than the model.")
                    .fact("autoencoder", sae.name() + ", " + sae.sparsity() + ", on " + sae.device())
                    .fact("model", "on " + device)
                    .fact("try", "loading the autoencoder on " + device)
                    .toIllegalArgument();
        }
    }
}
