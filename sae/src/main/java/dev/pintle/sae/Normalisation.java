package dev.pintle.sae;

/** What is done to an activation x `[dModel]` before it is encoded, and undone after it is decoded. */
public sealed interface Normalisation {
    /** Whether it is the same for every activation, so that latents alone can be decoded. */
    default boolean isSameForAll() {
        return true;
    }

    /** Nothing. */
    record None() implements Normalisation {
        @Override
        public String toString() {
            return "none";
        }
    }

    /**
     * x · s with one s for all: s = √dModel / E‖x‖ over the training data.
     *
     * @param scale s
     */
    record Scale(double scale) implements Normalisation {
        @Override
        public String toString() {
            return "activations times " + scale;
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

    /** (x − μ) / (σ + 1e-5) for each token, with its mean μ and its standard deviation σ (divisor dModel − 1). */
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
