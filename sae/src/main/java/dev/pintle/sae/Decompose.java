package dev.pintle.sae;

import dev.pintle.base.Problem;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.Vec;
import java.util.List;

/** A way to take a vector apart into latents. */
public sealed interface Decompose
        permits Decompose.Encode, Decompose.EncodeScaled, EncodeDifference, SignedPursuit, Decompose.NearestDecoder {
    /** The encoder applied to the vector as it is. */
    static Decompose encode() {
        return new Encode();
    }

    /**
     * The encoder applied to the vector at another length, such as that of a typical activation.
     *
     * @param factor what the vector is multiplied by first
     */
    static Decompose encodeScaled(double factor) {
        return new EncodeScaled(factor);
    }

    /**
     * What the vector changes in the latents of a text.
     *
     * @param activations of the text's tokens, `[dModel]` each
     * @param strength what the vector is multiplied by before it is added to each
     */
    static Decompose encodeDifference(List<Vec> activations, double strength) {
        return new EncodeDifference(activations, strength);
    }

    /**
     * The few decoder rows whose sum, with signs, comes closest to the vector.
     *
     * @param terms how many rows at most
     */
    static Decompose signedPursuit(int terms) {
        return new SignedPursuit(terms, 0);
    }

    /**
     * The decoder rows that point most nearly along the vector or against it.
     *
     * @param terms how many
     */
    static Decompose nearestDecoder(int terms) {
        return new NearestDecoder(terms);
    }

    /** Decomposes {@code vector} `[dModel]`, finite and not zero, with {@code sae}. */
    Decomposition apply(SparseAutoencoder sae, Vec vector);

    /**
     * f = enc(v), v̂ = dec(f).
     *
     * <p>An encoder is made for activations, not for differences of activations: it adds its bias, cannot answer with a
     * negative latent, and the decoder adds its own bias to every reconstruction (Mayne et al. 2024, arXiv:2411.08790).
     * So the answer stands beside the encoding of the zero vector and beside the error without the decoder's bias.
     */
    record Encode() implements Decompose {
        @Override
        public Decomposition apply(SparseAutoencoder sae, Vec vector) {
            return Decomposition.encoded(this, vector, sae);
        }

        @Override
        public String toString() {
            return "encode";
        }
    }

    /**
     * f = enc(factor · v): what the encoder says to the direction at the length of an activation. Errors are relative to
     * factor · v.
     *
     * @param factor what the vector is multiplied by first
     */
    record EncodeScaled(double factor) implements Decompose {
        /** @throws IllegalArgumentException if the factor is 0 or not finite */
        public EncodeScaled {
            if (factor == 0 || !Double.isFinite(factor)) {
                throw Problem.of("A vector is scaled by a finite number other than 0.")
                        .fact("but was", factor)
                        .toIllegalArgument();
            }
        }

        @Override
        public Decomposition apply(SparseAutoencoder sae, Vec vector) {
            return Decomposition.encoded(this, vector.times(factor), sae);
        }

        @Override
        public String toString() {
            return "encode-scaled by " + factor;
        }
    }

    /**
     * Cosines of v and the decoder's rows, largest magnitude first: no encoder, no bias. The reconstruction is v's part along
     * the nearest row; a term's number is its cosine.
     *
     * @param count how many rows
     */
    record NearestDecoder(int count) implements Decompose {
        /** @throws IllegalArgumentException unless at least one row is asked for */
        public NearestDecoder {
            requireTerms(count);
        }

        @Override
        public Decomposition apply(SparseAutoencoder sae, Vec vector) {
            try (TensorScope scope = TensorScope.open("nearest decoder rows")) {
                LatentMatrix decoder = sae.weights().decoder();
                Tensor norms = decoder.norms(); // [dSae]
                Tensor products = decoder.products(
                                Tensor.of(vector.unit()).to(sae.device()).reshape(1, -1), null)
                        .reshape(-1);
                Tensor cosines = products.dividedBy(norms).maskedFill(norms.atMost(norms.times(0)), 0);
                Tensor.TopK nearest = cosines.abs().topK(Math.min(count, sae.dSae()));
                float[] values = cosines.indexSelect(0, nearest.indices()).toFloats();
                int[] latents = nearest.indices().toInts();
                List<Term> terms = Term.of(latents, values);
                Vec row = sae.decoderRow(latents[0]);
                Vec along =
                        values[0] == 0 ? Vec.zeros(vector.size()) : row.unit().times(vector.dot(row.unit()));
                return Decomposition.withoutBias(this, vector, terms, along, List.of(), sae);
            }
        }

        @Override
        public String toString() {
            return "nearest-decoder";
        }
    }

    /** @throws IllegalArgumentException unless at least one term is asked for */
    static void requireTerms(int terms) {
        if (terms < 1) {
            throw Problem.of("A vector is taken apart into at least one term.")
                    .fact("but was", terms)
                    .toIllegalArgument();
        }
    }
}
