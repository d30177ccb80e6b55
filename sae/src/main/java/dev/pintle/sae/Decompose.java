package dev.pintle.sae;

import dev.pintle.base.Problem;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.Vec;
import java.util.List;

/** A method of decomposing a vector into latents. */
public sealed interface Decompose
        permits Decompose.Encode, Decompose.EncodeScaled, EncodeDifference, SignedPursuit, Decompose.NearestDecoder {
    /** Encodes the vector as it is. */
    static Decompose encode() {
        return new Encode();
    }

    /**
     * Encodes the vector rescaled, for instance to the norm of a typical activation.
     *
     * @param factor multiplies the vector before it is encoded
     */
    static Decompose encodeScaled(double factor) {
        return new EncodeScaled(factor);
    }

    /**
     * How adding the vector changes the latents of a text.
     *
     * @param activations one `[dModel]` per token of the text
     * @param strength raw multiplier of the vector, which is then added to each activation
     */
    static Decompose encodeDifference(List<Vec> activations, double strength) {
        return new EncodeDifference(activations, strength);
    }

    /**
     * Approximates the vector by a signed sum of a few decoder rows.
     *
     * @param terms maximum number of rows
     */
    static Decompose signedPursuit(int terms) {
        return new SignedPursuit(terms, 0);
    }

    /**
     * The decoder rows with the largest absolute cosine with the vector.
     *
     * @param terms number of rows
     */
    static Decompose nearestDecoder(int terms) {
        return new NearestDecoder(terms);
    }

    /** Decomposes {@code vector} `[dModel]`, finite and not zero, with {@code sae}. */
    Decomposition apply(SparseAutoencoder sae, Vec vector);

    /**
     * f = enc(v), v̂ = dec(f).
     *
     * <p>Encoders are trained on activations, not on differences of activations: the encoder adds its bias and cannot
     * produce negative latents, and the decoder adds its own bias to every reconstruction (Mayne et al. 2024,
     * arXiv:2411.08790). The result is therefore reported next to the encoding of the zero vector, and next to the
     * error without the decoder's bias.
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
     * f = enc(factor · v): the direction is encoded at the norm of an activation. Errors are relative to factor · v.
     *
     * @param factor multiplies the vector before it is encoded
     */
    record EncodeScaled(double factor) implements Decompose {
        /** @throws IllegalArgumentException if the factor is 0 or not finite */
        public EncodeScaled {
            if (factor == 0 || !Double.isFinite(factor)) {
                throw Problem.of("The scale factor must be finite and not 0.")
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
     * Cosines of v with the decoder rows, largest magnitude first: no encoder, no bias. The reconstruction is the
     * projection of v onto the nearest row; each term holds its cosine.
     *
     * @param count number of rows
     */
    record NearestDecoder(int count) implements Decompose {
        /** @throws IllegalArgumentException if {@code count} is below 1 */
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

    /** @throws IllegalArgumentException if {@code terms} is below 1 */
    static void requireTerms(int terms) {
        if (terms < 1) {
            throw Problem.of("A decomposition needs at least one term.")
                    .fact("but was", terms)
                    .toIllegalArgument();
        }
    }
}
