package dev.pintle.sae;

import dev.pintle.tensor.Tensor;

/** What turns pre-activations into the few latent activations that an autoencoder keeps. */
public sealed interface Sparsity {
    /**
     * @param preActivations `[…, dSae]`
     * @return latent activations `[…, dSae]`, none negative
     */
    Tensor apply(Tensor preActivations);

    /** f = max(z, 0). */
    record Relu() implements Sparsity {
        @Override
        public Tensor apply(Tensor preActivations) {
            return preActivations.relu();
        }
    }
}
