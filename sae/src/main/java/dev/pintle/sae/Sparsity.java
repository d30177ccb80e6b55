package dev.pintle.sae;

import dev.pintle.base.Problem;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.Vec;

/** The nonlinearity that turns pre-activations z `[…, dSae]` into sparse latent activations f. */
public sealed interface Sparsity {
    /**
     * Whether each latent depends on its own pre-activation alone. Otherwise latents compete, and the activation of one
     * depends on the pre-activations of all.
     */
    boolean decidesEachAlone();

    /** The parameters of the given latents only, in that order; returns itself if it has no parameters per latent. */
    Sparsity only(int... latents);

    /** Copies the parameters to a device, ready to apply; the tensors belong to the current scope. */
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
     * f = z if max(z, 0) &gt; θ, else 0 (Rajamanoharan et al. 2024, arXiv:2407.14435). After training, BatchTopK is
     * used like this, with one θ for all latents.
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
                        Tensor positive = z.relu(); // NaN propagates, also through the product
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
     * f = max(z, 0) for the k largest z of a token, else 0 (Gao et al. 2024, arXiv:2406.04093). Some releases leave out
     * the maximum, so that f is negative where fewer than k of a token's z are positive.
     *
     * @param k number of latents kept per token
     * @param rectified whether f is max(z, 0), and not z, for the latents that are kept
     */
    record TopK(int k, boolean rectified) implements Sparsity {
        /** As published by Gao et al., with max(z, 0). */
        public TopK(int k) {
            this(k, true);
        }

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
                return z.times(0)
                        .scatter(largest.indices(), rectified ? largest.values().relu() : largest.values());
            });
        }

        @Override
        public String toString() {
            return "TopK, k = " + k + (rectified ? "" : ", without ReLU");
        }
    }

    /**
     * f = max(z, 0) for the largest z of each group of consecutive latents, else 0.
     *
     * @param groups number of groups, all of equal size
     */
    record GroupMax(int groups) implements Sparsity {
        /** @throws IllegalArgumentException unless there is at least one group */
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
     * f = max(m, 0) if z &gt; 0, else 0, with m = (z − b_gate) e^r + b_mag (Rajamanoharan et al. 2024,
     * arXiv:2404.16014): one product with the encoder gives both the gate and the magnitude.
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
            throw Problem.of("An autoencoder must keep at least one latent.")
                    .fact(what, count)
                    .toIllegalArgument();
        }
    }
}
