package dev.pintle.sae;

import dev.pintle.base.Problem;
import dev.pintle.model.LanguageModel;
import dev.pintle.model.ModelId;
import dev.pintle.steering.Origin;
import dev.pintle.steering.SteeringVector;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.Vec;
import java.util.List;

/*
 * Contrastive activation addition from a latent is the latent's decoder row.
 *
 * One could raise a latent by s in the activations of any text, x' = dec(f + s·1ⱼ) + (x − dec(f)), and fit a vector to
 * half the differences of x' and x, averaged over positions. But the decoder is linear: dec(f + s·1ⱼ) − dec(f) = s·dⱼ,
 * so every difference is (s/2)·dⱼ, whatever the text, the position, the other latents and the error term, and their
 * normalised mean is dⱼ/‖dⱼ‖. No text is needed. {@link #caaOfUpweighted} still does it the long way, as a
 * demonstration.
 */
/** Steering vectors from single latents. */
public final class LatentVectors {
    private LatentVectors() {}

    /**
     * The decoder row of a latent, normalised to length 1 like any fitted vector.
     *
     * @param model the model that the vector is for
     * @throws dev.pintle.base.PintleException if the autoencoder does not fit the model, or the row is zero
     */
    public static SteeringVector unit(SparseAutoencoder sae, int latent, LanguageModel model) {
        Vec row = sae.decoderRow(latent);
        if (row.norm() == 0) {
            throw Problem.of("The latent has no effect: its decoder row is zero.")
                    .fact("autoencoder", sae.name())
                    .fact("latent", latent)
                    .toException();
        }
        return vector(sae, model, row.unit(), "decoder row of latent " + latent + ", scaled to length 1", latent);
    }

    /**
     * The decoder row as stored: adding it s times adds s to the latent.
     *
     * @throws dev.pintle.base.PintleException if the autoencoder does not fit the model
     */
    public static SteeringVector raw(SparseAutoencoder sae, int latent, LanguageModel model) {
        return vector(sae, model, sae.decoderRow(latent), "decoder row of latent " + latent, latent);
    }

    /**
     * Contrastive activation addition between activations with a latent raised and the same activations unchanged,
     * normalised to length 1. The result is the latent's decoder row up to rounding; this method exists to demonstrate
     * that.
     *
     * @param activations `[tokens, dModel]`
     * @param amount added to the latent, in units of its activation
     */
    public static Vec caaOfUpweighted(SparseAutoencoder sae, Tensor activations, int latent, double amount) {
        sae.requireLatent(latent);
        try (TensorScope scope = TensorScope.open("raise a latent")) {
            LatentChange.Placed placed =
                    LatentChange.Placed.on(activations.device(), List.of(LatentChange.add(latent, amount)));
            Tensor half = new SparseCoder(sae).mapped(activations, x -> {
                Tensor f = sae.encode(x);
                Tensor error = x.minus(sae.decode(f, x));
                Tensor one = placed.changed(f.narrow(1, latent, 1)); // [n, 1]
                Tensor raised = f.scatter(placed.latents().reshape(1, 1).expand(x.size(0), 1), one);
                return sae.decode(raised, x).plus(error).minus(x).times(0.5);
            });
            return half.mean(0, false).toVec().unit();
        }
    }

    private static SteeringVector vector(
            SparseAutoencoder sae, LanguageModel model, Vec direction, String method, int latent) {
        sae.requireFits(model, true); // the width must match; whether the model's name matches is up to the caller
        ModelId id = model.id();
        return new SteeringVector(
                direction,
                sae.place(),
                Origin.unknown(id, method, sae.name() + " (" + sae.origin().format() + "), latent " + latent));
    }
}
