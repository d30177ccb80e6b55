package dev.pintle.sae;

import dev.pintle.tensor.Vec;

/** A way to take a vector apart into latents. */
public sealed interface Decompose {
    /** The encoder applied to the vector as it is. */
    static Decompose encode() {
        return new Encode(1);
    }

    /**
     * The encoder applied to the vector at another length, such as that of a typical activation.
     *
     * @param factor what the vector is multiplied by first
     */
    static Decompose encodeScaled(double factor) {
        return new Encode(factor);
    }

    /** Takes {@code vector} `[dModel]` apart with {@code sae}. */
    Decomposition apply(SparseAutoencoder sae, Vec vector);

    /**
     * f = enc(factor · v).
     *
     * <p>An encoder is made for activations, not for differences of activations: it adds its bias, cannot answer with a
     * negative latent, and the decoder adds its own bias to every reconstruction (Mayne et al. 2024, arXiv:2411.08790).
     * So the answer stands beside the encoding of the zero vector and beside the error without the decoder's bias.
     *
     * @param factor what the vector is multiplied by first; errors are relative to the multiplied vector
     */
    record Encode(double factor) implements Decompose {
        @Override
        public Decomposition apply(SparseAutoencoder sae, Vec vector) {
            Vec scaled = factor == 1 ? vector : vector.times(factor);
            Vec latents = sae.encode(scaled);
            return Decomposition.of(scaled, latents, sae.encode(Vec.zeros(vector.size())), sae);
        }
    }
}
