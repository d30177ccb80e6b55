package dev.pintle.sae;

import dev.pintle.base.Problem;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.Vec;

/** What turns pre-activations z `[…, dSae]` into the few latent activations f that an autoencoder keeps. */
public sealed interface Sparsity {
    /**
     * Whether each latent is decided by its own pre-activation. Where it is not, latents compete, and the activation of one
     * takes the pre-activations of all.
     */
    boolean decidesEachAlone();

    /** The numbers of some latents only, in that order; itself where it has none by latent. */
    Sparsity only(int... latents);

    /** Ready to be applied on a device; its tensors are in the current scope. */
    Gate on(Device device);

    /** f = max(z, 0). */
    record Relu() implements Sparsity {
        @Override
        public boolean decidesEachAlone() {
            return true;
        }

        @Override
        public Sparsity only(int... latents) {
            return this;
        }

        @Override
        public Gate on(Device device) {
            return new Gate(Tensor::relu);
        }

        @Override
        public String toString() {
            return "ReLU";
        }
    }

    /**
     * f = z where max(z, 0) &gt; θ, else 0 (Rajamanoharan et al. 2024, arXiv:2407.14435). BatchTopK is used like this after
     * training, with one θ for all latents.
     *
     * @param thresholds θ, `[dSae]`
     */
    record JumpRelu(Vec thresholds) implements Sparsity {
        @Override
        public boolean decidesEachAlone() {
            return true;
        }

        @Override
        public Sparsity only(int... latents) {
            return new JumpRelu(pick(thresholds, latents));
        }

        @Override
        public Gate on(Device device) {
            Tensor theta = Tensor.of(thresholds).to(device);
            return new Gate(
                    z -> {
                        Tensor positive = z.relu(); // NaN stays NaN, also through the product
                        return positive.times(
                                positive.greaterThan(theta.to(z.dtype())).to(z.dtype()));
                    },
                    theta);
        }

        @Override
        public String toString() {
            return "JumpReLU";
        }
    }

    /**
     * The k largest z of a token, and of those max(z, 0) (Gao et al. 2024, arXiv:2406.04093).
     *
     * @param k how many
     */
    record TopK(int k) implements Sparsity {
        /** @throws IllegalArgumentException unless k is at least 1 */
        public TopK {
            requirePositive("k", k);
        }

        @Override
        public boolean decidesEachAlone() {
            return false;
        }

        @Override
        public Sparsity only(int... latents) {
            return this;
        }

        @Override
        public Gate on(Device device) {
            return new Gate(z -> {
                Tensor.TopK largest = z.topK((int) Math.min(k, z.size(-1)));
                return z.times(0).scatter(largest.indices(), largest.values().relu());
            });
        }

        @Override
        public String toString() {
            return "TopK, k = " + k;
        }
    }

    /**
     * The largest z of each group of neighbouring latents, and of those max(z, 0).
     *
     * @param groups how many groups of equal size
     */
    record GroupMax(int groups) implements Sparsity {
        /** @throws IllegalArgumentException unless there is a group */
        public GroupMax {
            requirePositive("groups", groups);
        }

        @Override
        public boolean decidesEachAlone() {
            return false;
        }

        @Override
        public Sparsity only(int... latents) {
            return this;
        }

        @Override
        public Gate on(Device device) {
            return new Gate(z -> {
                long size = z.size(-1) / groups;
                Tensor grouped = z.reshape(-1, groups, size);
                Tensor.TopK largest = grouped.topK(1);
                return grouped.times(0)
                        .scatter(largest.indices(), largest.values().relu())
                        .reshape(z.shape().toArray());
            });
        }

        @Override
        public String toString() {
            return "group maximum of " + groups + " groups";
        }
    }

    /**
     * f = max(m, 0) where z &gt; 0, with m = (z − b_gate) e^r + b_mag (Rajamanoharan et al. 2024, arXiv:2404.16014): one product
     * with the encoder, read once to decide and once for the size.
     *
     * @param magnitudeScale e^r, `[dSae]`
     * @param magnitudeBias b_mag − b_gate e^r, `[dSae]`
     */
    record Gated(Vec magnitudeScale, Vec magnitudeBias) implements Sparsity {
        @Override
        public boolean decidesEachAlone() {
            return true;
        }

        @Override
        public Sparsity only(int... latents) {
            return new Gated(pick(magnitudeScale, latents), pick(magnitudeBias, latents));
        }

        @Override
        public Gate on(Device device) {
            Tensor scale = Tensor.of(magnitudeScale).to(device);
            Tensor bias = Tensor.of(magnitudeBias).to(device);
            return new Gate(
                    z -> z.times(scale.to(z.dtype()))
                            .plus(bias.to(z.dtype()))
                            .relu()
                            .times(z.greaterThan(0).to(z.dtype())),
                    scale,
                    bias);
        }

        @Override
        public String toString() {
            return "gated";
        }
    }

    private static Vec pick(Vec all, int[] latents) {
        float[] some = new float[latents.length];
        for (int i = 0; i < some.length; i++) {
            some[i] = all.get(latents[i]);
        }
        return Vec.of(some);
    }

    private static void requirePositive(String what, int count) {
        if (count < 1) {
            throw Problem.of("An autoencoder keeps at least one latent.")
                    .fact(what, count)
                    .toIllegalArgument();
        }
    }
}
