package dev.pintle.sae;

import dev.pintle.tensor.Vec;
import java.util.List;

/**
 * A vector encoded and decoded twice: f₁ = enc(v), r₁ = dec(f₁), f₂ = enc(r₁), r₂ = dec(f₂). An autoencoder that had
 * found the vector's true components would find the same ones again.
 *
 * @param firstRelativeError ‖v − r₁‖ / ‖v‖
 * @param secondRelativeError ‖r₁ − r₂‖ / ‖r₁‖
 * @param fromStartRelativeError ‖v − r₂‖ / ‖v‖
 * @param changedLatents number of latents active in exactly one of f₁ and f₂
 * @param changes non-zero entries of f₂ − f₁, largest magnitude first
 */
public record DoubleDecode(
        double firstRelativeError,
        double secondRelativeError,
        double fromStartRelativeError,
        int changedLatents,
        List<Term> changes) {
    /** Keeps a copy of the changes. */
    public DoubleDecode {
        changes = List.copyOf(changes);
    }

    /**
     * Encodes and decodes a vector twice.
     *
     * @param vector `[dModel]`, finite and not zero
     */
    public static DoubleDecode of(SparseAutoencoder sae, Vec vector) {
        Vec f1 = sae.encode(vector);
        Vec r1 = sae.reconstruct(vector);
        Vec f2 = sae.encode(r1);
        Vec r2 = sae.reconstruct(r1);
        int changed = 0;
        for (int i = 0; i < f1.size(); i++) {
            changed += (f1.get(i) > 0) == (f2.get(i) > 0) ? 0 : 1;
        }
        return new DoubleDecode(
                vector.minus(r1).norm() / vector.norm(),
                r1.minus(r2).norm() / r1.norm(),
                vector.minus(r2).norm() / vector.norm(),
                changed,
                Term.of(f2.minus(f1)));
    }
}
