package dev.pintle.sae;

import dev.pintle.base.Problem;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.Vec;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * enc(x + strength · v) − enc(x) for each token x of a text, and its mean over tokens: which latents the vector
 * switches on and off where it is applied. Both biases of the autoencoder cancel, and differences may be negative. The
 * reconstruction is the mean of dec(enc(x + strength · v)) − dec(enc(x)), an estimate of strength · v.
 *
 * @param activations one `[dModel]` per token of the text
 * @param strength raw multiplier of the vector
 */
public record EncodeDifference(List<Vec> activations, double strength) implements Decompose {
    /** @throws IllegalArgumentException if there are no tokens, or the strength is 0 or not finite */
    public EncodeDifference {
        activations = List.copyOf(activations);
        if (activations.isEmpty() || strength == 0 || !Double.isFinite(strength)) {
            throw Problem.of("Comparing latents needs at least one token and a finite strength other than 0.")
                    .fact("tokens", activations.size())
                    .fact("strength", strength)
                    .toIllegalArgument();
        }
    }

    @Override
    public Decomposition apply(SparseAutoencoder sae, Vec vector) {
        Vec added = vector.times(strength);
        try (TensorScope scope = TensorScope.open("difference of latents")) {
            Tensor plain = stacked(sae); // [tokens, dModel]
            Tensor steered = plain.plus(Tensor.of(added).to(sae.device()));
            SparseLatents before = sae.encodeActive(plain);
            SparseLatents after = sae.encodeActive(steered);
            List<List<Term>> byToken = new ArrayList<>();
            double[] sum = new double[sae.dSae()];
            for (int token = 0; token < activations.size(); token++) {
                List<Term> changed = difference(before, after, token);
                changed.forEach(term -> sum[term.latent()] += term.activation());
                byToken.add(changed);
            }
            for (int i = 0; i < sum.length; i++) {
                sum[i] /= activations.size();
            }
            Vec reconstruction = sae.reconstruct(steered)
                    .minus(sae.reconstruct(plain))
                    .mean(0, false)
                    .toVec();
            return Decomposition.withoutBias(this, added, Term.of(Vec.of(sum)), reconstruction, byToken, sae);
        }
    }

    private Tensor stacked(SparseAutoencoder sae) {
        float[] flat = new float[Math.multiplyExact(activations.size(), sae.dModel())];
        for (int token = 0; token < activations.size(); token++) {
            Vec activation = activations.get(token);
            if (activation.size() != sae.dModel()) {
                throw Problem.of("The activations do not match the autoencoder's width.")
                        .fact("autoencoder", sae.name())
                        .fact("expected", sae.dModel() + " wide")
                        .fact("but was", activation.size() + " wide")
                        .toIllegalArgument();
            }
            System.arraycopy(activation.toArray(), 0, flat, token * sae.dModel(), sae.dModel());
        }
        return Tensor.of(flat, activations.size(), sae.dModel()).to(sae.device());
    }

    private static List<Term> difference(SparseLatents before, SparseLatents after, int token) {
        Map<Integer, Float> changes = new TreeMap<>();
        for (int i = 0; i < after.count(token); i++) {
            changes.put(after.latent(token, i), after.activation(token, i));
        }
        for (int i = 0; i < before.count(token); i++) {
            changes.merge(before.latent(token, i), -before.activation(token, i), Float::sum);
        }
        changes.values().removeIf(change -> change == 0);
        int[] latents = changes.keySet().stream().mapToInt(Integer::intValue).toArray();
        float[] values = new float[latents.length];
        for (int i = 0; i < latents.length; i++) {
            values[i] = changes.getOrDefault(latents[i], 0f);
        }
        return Term.of(latents, values);
    }

    /** {@code encode-difference over 41 tokens at strength 12.0}. */
    @Override
    public String toString() {
        return "encode-difference over " + activations.size() + " tokens at strength " + strength;
    }
}
