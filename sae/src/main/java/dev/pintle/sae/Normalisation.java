package dev.pintle.sae;

/** How an activation x `[dModel]` is normalised before encoding; undone after decoding. */
public sealed interface Normalisation {
    /** Whether it is the same for every activation, so that latents can be decoded on their own. */
    default boolean isSameForAll() {
        return true;
    }

    /** Whether every activation is scaled by the same factor, so that a change of a latent adds the same vector to all. */
    default boolean scalesAllAlike() {
        return isSameForAll();
    }

    /** No normalisation. */
    record None() implements Normalisation {
        @Override
        public String toString() {
            return "none";
        }
    }

    /**
     * x · s with one constant s = √dModel / E‖x‖ from the training data.
     *
     * @param scale s
     */
    record Scale(double scale) implements Normalisation {
        @Override
        public String toString() {
            return "activations times " + scale;
        }
    }

    /**
     * x − μ for each token, with its own mean μ. This is what TransformerLens' {@code center_writing_weights} makes of the
     * residual stream of a model with layer norms, which ignore the mean.
     */
    record Centred() implements Normalisation {
        @Override
        public boolean isSameForAll() {
            return false;
        }

        @Override
        public boolean scalesAllAlike() {
            return true;
        }

        @Override
        public String toString() {
            return "each token to mean 0";
        }
    }

    /** x · √dModel / ‖x‖ for each token. */
    record UnitNorm() implements Normalisation {
        @Override
        public boolean isSameForAll() {
            return false;
        }

        @Override
        public String toString() {
            return "each token to length √dModel";
        }
    }

    /** (x − μ) / (σ + 1e-5) for each token, with its own mean μ and standard deviation σ (divisor dModel − 1). */
    record LayerNorm() implements Normalisation {
        @Override
        public boolean isSameForAll() {
            return false;
        }

        @Override
        public String toString() {
            return "each token to mean 0 and deviation 1";
        }
    }
}
