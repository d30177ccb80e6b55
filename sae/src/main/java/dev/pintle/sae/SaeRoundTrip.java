package dev.pintle.sae;

import dev.pintle.steering.Intervention;
import dev.pintle.steering.Tokens;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.ModelConfig;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * Encodes an activation, changes latents and decodes, as most other tools do. With the error term,
 * dec(f') + (x − dec(f)), the result equals that of {@link SaeEdit}, which reads only a few rows. Without it, dec(f')
 * drops everything that the autoencoder does not reconstruct, which shows how much the model depends on that.
 *
 * @param sae must be open, and on the model's device
 * @param changes at most one per latent; empty to only encode and decode
 * @param keepsError whether x − dec(f) is added back
 * @param at the hook point
 * @param tokens the tokens it applies to
 */
public record SaeRoundTrip(
        SparseAutoencoder sae, List<LatentChange> changes, boolean keepsError, HookPoint at, Tokens tokens)
        implements Intervention.Open {
    /** @throws IllegalArgumentException unless the latents exist and each is changed once */
    public SaeRoundTrip {
        changes = List.copyOf(changes);
        if (!changes.isEmpty()) {
            LatentChange.require(changes, sae);
        }
    }

    /**
     * For static import: changes latents of every token at the hook point that the autoencoder was trained on, with the
     * error term.
     */
    public static SaeRoundTrip roundTrip(SparseAutoencoder sae, LatentChange... changes) {
        return new SaeRoundTrip(sae, List.of(changes), true, sae.place(), Tokens.all());
    }

    /** A copy without the error term. */
    public SaeRoundTrip withoutError() {
        return new SaeRoundTrip(sae, changes, false, at, tokens);
    }

    @Override
    public Action bind(ModelConfig model, Device device, DType dtype) {
        SaeEdit.requireFits(sae, model, device, false);
        UnaryOperator<Tensor> edit = edit(device);
        return (point, activation, layout) -> tokens.change(activation, layout, h -> {
            try (TensorScope scope = TensorScope.open("encode and decode")) {
                Tensor x = h.to(DType.FP32).reshape(-1, model.dModel());
                Tensor result = new SparseCoder(sae).mapped(x, some -> through(edit, some));
                return scope.keep(result.reshape(h.shape().toArray()).to(h.dtype()));
            }
        });
    }

    /** Maps latents `[n, dSae]` to changed latents. */
    private UnaryOperator<Tensor> edit(Device device) {
        if (changes.isEmpty()) {
            return f -> f;
        }
        LatentChange.Placed placed = LatentChange.Placed.on(device, changes);
        Tensor places = placed.latents().reshape(1, -1);
        return f ->
                f.scatter(places.expand(f.size(0), changes.size()), placed.changed(f.indexSelect(1, placed.latents())));
    }

    private Tensor through(UnaryOperator<Tensor> edit, Tensor x) {
        Tensor f = sae.encode(x); // [n, dSae]
        Tensor decoded = sae.decode(edit.apply(f), x);
        return keepsError ? decoded.plus(x.minus(sae.decode(f, x))) : decoded;
    }
}
