package dev.pintle.sae;

import dev.pintle.base.Problem;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.Vec;
import dev.pintle.text.Role;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * What an autoencoder fails to reconstruct of a text's activations x, and of the same activations steered, y:
 * e(x) = x − dec(enc(x)).
 *
 * @param norm ‖e(x)‖ per token
 * @param relative ‖e(x)‖ / ‖x‖ per token
 * @param steeredNorm ‖e(y)‖ per token
 * @param steeredRelative ‖e(y)‖ / ‖y‖ per token
 * @param cosine of e(x) and e(y), per token
 */
public record ReconstructionErrors(Vec norm, Vec relative, Vec steeredNorm, Vec steeredRelative, Vec cosine) {
    /**
     * Errors of activations, and of the steered activations of the same tokens.
     *
     * @param plain `[tokens, dModel]`
     * @param steered `[tokens, dModel]`, for the same tokens
     * @throws IllegalArgumentException if the shapes differ
     */
    public static ReconstructionErrors of(SparseAutoencoder sae, Tensor plain, Tensor steered) {
        if (!plain.shape().equals(steered.shape())) {
            throw Problem.of("Plain and steered activations have different shapes.")
                    .fact("plain", plain.shape())
                    .fact("steered", steered.shape())
                    .toIllegalArgument();
        }
        try (TensorScope scope = TensorScope.open("reconstruction errors")) {
            Tensor x = plain.to(DType.FP32);
            Tensor y = steered.to(DType.FP32);
            Tensor ex = x.minus(sae.reconstruct(x));
            Tensor ey = y.minus(sae.reconstruct(y));
            Tensor nx = ex.norm(1, false);
            Tensor ny = ey.norm(1, false);
            return new ReconstructionErrors(
                    nx.toVec(),
                    nx.dividedBy(x.norm(1, false)).toVec(),
                    ny.toVec(),
                    ny.dividedBy(y.norm(1, false)).toVec(),
                    ex.times(ey).sum(1, false).dividedBy(nx.times(ny)).toVec());
        }
    }

    /** Errors of unsteered activations `[tokens, dModel]` only; the steered values repeat them. */
    public static ReconstructionErrors of(SparseAutoencoder sae, Tensor activations) {
        try (TensorScope scope = TensorScope.open("reconstruction errors")) {
            Tensor x = activations.to(DType.FP32);
            Tensor error = x.minus(sae.reconstruct(x));
            Vec norm = error.norm(1, false).toVec();
            Vec relative = error.norm(1, false).dividedBy(x.norm(1, false)).toVec();
            float[] ones = new float[norm.size()];
            Arrays.fill(ones, 1);
            return new ReconstructionErrors(norm, relative, norm, relative, Vec.of(ones));
        }
    }

    /** Errors of activations `[tokens]` of `[dModel]` and of the same tokens' activations steered. */
    public static ReconstructionErrors of(SparseAutoencoder sae, List<Vec> plain, List<Vec> steered) {
        try (TensorScope scope = TensorScope.open("reconstruction errors")) {
            return of(sae, Tensor.of(plain).to(sae.device()), Tensor.of(steered).to(sae.device()));
        }
    }

    /** Errors of activations `[tokens]` of `[dModel]` alone. */
    public static ReconstructionErrors of(SparseAutoencoder sae, List<Vec> activations) {
        try (TensorScope scope = TensorScope.open("reconstruction errors")) {
            return of(sae, Tensor.of(activations).to(sae.device()));
        }
    }

    /** Number of tokens. */
    public int tokens() {
        return norm.size();
    }

    /** How steering changes a token's relative error: steered / plain. */
    public double ratio(int token) {
        return steeredRelative.get(token) / relative.get(token);
    }

    /**
     * Running mean of {@link #ratio}, per token. It blurs where the ratio changes, since each value averages over all
     * tokens before it.
     */
    public Vec runningMeanRatio() {
        double[] means = new double[tokens()];
        double sum = 0;
        for (int t = 0; t < means.length; t++) {
            sum += ratio(t);
            means[t] = sum / (t + 1);
        }
        return Vec.of(means);
    }

    /**
     * Means over a segment of tokens.
     *
     * @param tokens number of tokens
     * @param norm mean ‖e(x)‖
     * @param relative mean ‖e(x)‖ / ‖x‖
     * @param steeredRelative mean ‖e(y)‖ / ‖y‖
     * @param ratio mean of steered / plain
     * @param cosine mean cosine of e(x) and e(y)
     */
    public record Segment(
            int tokens, double norm, double relative, double steeredRelative, double ratio, double cosine) {}

    /**
     * Means by role, for the roles that occur.
     *
     * @param roles one per token
     * @throws IllegalArgumentException unless there is one role per token
     */
    public Map<Role, Segment> bySegment(List<Role> roles) {
        if (roles.size() != tokens()) {
            throw Problem.of("The number of roles does not match the number of tokens.")
                    .fact("tokens", tokens())
                    .fact("roles", roles.size())
                    .toIllegalArgument();
        }
        Map<Role, Segment> segments = new EnumMap<>(Role.class);
        for (Role role : Role.values()) {
            int[] places = IntStream.range(0, tokens())
                    .filter(t -> roles.get(t) == role)
                    .toArray();
            if (places.length > 0) {
                segments.put(role, mean(places));
            }
        }
        return segments;
    }

    private Segment mean(int[] places) {
        double[] sums = new double[5];
        for (int t : places) {
            sums[0] += norm.get(t);
            sums[1] += relative.get(t);
            sums[2] += steeredRelative.get(t);
            sums[3] += ratio(t);
            sums[4] += cosine.get(t);
        }
        int n = places.length;
        return new Segment(n, sums[0] / n, sums[1] / n, sums[2] / n, sums[3] / n, sums[4] / n);
    }
}
