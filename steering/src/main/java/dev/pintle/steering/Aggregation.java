package dev.pintle.steering;

import dev.pintle.base.Problem;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.Vec;
import java.util.Arrays;

/**
 * How directions `[n, dModel]` are combined into one vector.
 *
 * <p>Principal components have no sign of their own: a singular vector and its negative explain the same variance. The
 * sign is always chosen so that the inner product with the mean direction is not negative, so that adding the vector
 * steers toward the positive prompts.
 *
 * <p>Every aggregation is a weighted sum of directions whose weights depend only on their inner products, so it is
 * computed in the smaller of two spaces: from the Gram matrix `[n, n]` of a few directions, or the covariance
 * `[dModel, dModel]` of many. A matrix of up to 256 rows is solved exactly, a larger one by randomised block iteration
 * until convergence.
 */
public sealed interface Aggregation {
    /** The name in files and on the command line, as {@link #parse} accepts it. */
    String name();

    /**
     * The weights of the directions.
     *
     * @param gram inner products of the directions, `[n][n]`
     */
    Weights weights(double[][] gram, Accuracy accuracy);

    /** How accurately weights are computed. */
    enum Accuracy {
        /** To full double precision. */
        FULL,
        /** To a few digits, for estimates that need many of them. */
        FEW_DIGITS
    }

    /**
     * Combines directions into one vector, not normalised.
     *
     * @param directions `[n, dModel]`, on any device and in any floating dtype; summed in FP64
     * @return `[dModel]`
     */
    default Vec of(Tensor directions) {
        try (TensorScope scope = TensorScope.open("aggregate directions")) {
            Tensor rows = directions.to(DType.FP64).to(Device.CPU);
            return Vec.of(DirectionStream.combined(rows, this).vector());
        }
    }

    /** Whether it needs the second moments if there are too many directions to keep. */
    default boolean needsSecondMoments() {
        return !(this instanceof Mean) && !(this instanceof LogisticProbe);
    }

    /**
     * The result of an aggregation.
     *
     * @param weights one per direction
     * @param explained fraction of the variance along the vector, or of the sum of squares if the aggregation does not
     *     centre; NaN if not defined
     */
    record Weights(double[] weights, double explained) {}

    /** The mean of the directions. */
    record Mean() implements Aggregation {
        @Override
        public String name() {
            return "mean";
        }

        @Override
        public Weights weights(double[][] gram, Accuracy accuracy) {
            return new Weights(equal(gram.length), Double.NaN);
        }
    }

    /**
     * The mean of the directions' reconstructions from their first principal component, which some published steering
     * code calls PCA.
     *
     * <p>It is the mean itself. A reconstruction is x̂ᵢ = μ + zᵢ·u, where zᵢ = (xᵢ − μ)·u are the scores on the
     * component u. The scores sum to zero because the xᵢ − μ do, so the mean of the x̂ᵢ is μ, whatever u is. It exists
     * so that such results can be reproduced, and is computed through the reconstruction, so that a test demonstrates
     * the identity.
     */
    record PcaReconstructedMean() implements Aggregation {
        @Override
        public String name() {
            return "pca-reconstructed-mean";
        }

        @Override
        public Weights weights(double[][] gram, Accuracy accuracy) {
            int n = gram.length;
            double[][] centred = centred(gram);
            Eigen.Leading leading = leading(centred, accuracy);
            // u = Σ aᵢ (xᵢ − μ) / √λ, so the scores are √λ·a and the mean reconstruction is μ + mean(score)·u
            double meanScore = Arrays.stream(leading.vector()).sum() / n;
            double[] weights = equal(n);
            double sum = Arrays.stream(leading.vector()).sum();
            for (int i = 0; i < n; i++) {
                weights[i] += meanScore * (leading.vector()[i] - sum / n);
            }
            return new Weights(weights, leading.share());
        }
    }

    /**
     * The first principal component of the centred directions: the axis along which they differ most from each other,
     * not necessarily what they share.
     */
    record FirstPrincipalComponent() implements Aggregation {
        @Override
        public String name() {
            return "pca-centred";
        }

        @Override
        public Weights weights(double[][] gram, Accuracy accuracy) {
            double[][] centred = centred(gram);
            Eigen.Leading leading = leading(centred, accuracy);
            double[] weights = leading.vector().clone();
            double mean = Arrays.stream(weights).sum() / weights.length;
            for (int i = 0; i < weights.length; i++) {
                weights[i] -= mean; // Σ aᵢ (xᵢ − μ) as weights of the xᵢ
            }
            return new Weights(aligned(weights, gram), leading.share());
        }
    }

    /** The first right singular vector of the uncentred directions: the line closest to all of them. */
    record UncentredFirstComponent() implements Aggregation {
        @Override
        public String name() {
            return "pca-uncentred";
        }

        @Override
        public Weights weights(double[][] gram, Accuracy accuracy) {
            Eigen.Leading leading = leading(gram, accuracy);
            return new Weights(aligned(leading.vector(), gram), leading.share());
        }
    }

    /**
     * The first principal component of the directions together with their negatives, as in representation engineering
     * (RepE; Zou et al. 2023, arXiv:2310.01405).
     *
     * <p>Directions and their negatives have mean zero, so centring has no effect, and both the component and its
     * explained fraction equal those of {@link UncentredFirstComponent}. It has its own name because that is the one
     * people look for.
     */
    record PairedPca() implements Aggregation {
        @Override
        public String name() {
            return "pca-paired";
        }

        @Override
        public Weights weights(double[][] gram, Accuracy accuracy) {
            int n = gram.length;
            if (accuracy == Accuracy.FEW_DIGITS || 2 * n > Eigen.EXACT) {
                return new UncentredFirstComponent().weights(gram, accuracy);
            }
            double[][] both = new double[2 * n][2 * n];
            for (int i = 0; i < 2 * n; i++) {
                for (int j = 0; j < 2 * n; j++) {
                    both[i][j] = (i < n == j < n ? 1 : -1) * gram[i % n][j % n];
                }
            }
            Eigen.Leading leading = Eigen.leading(both);
            double[] weights = new double[n];
            for (int i = 0; i < n; i++) {
                weights[i] = leading.vector()[i] - leading.vector()[n + i];
            }
            return new Weights(aligned(weights, gram), leading.share());
        }
    }

    /**
     * The normal of a logistic regression that separates directions from their negatives: w minimises the mean of
     * log(1 + exp(−w·d)) + ½ penalty ‖w‖² with d in units of their root mean square norm. There is no intercept, since
     * the classes mirror each other.
     *
     * @param penalty L2 penalty; small values separate harder, large ones approach the mean
     */
    record LogisticProbe(double penalty) implements Aggregation {
        /** The default penalty. */
        static final double USUAL = 0.01;

        private static final int NEWTON_STEPS = 50;

        /** @throws IllegalArgumentException unless the penalty is a number above 0 */
        public LogisticProbe {
            if (!(penalty > 0) || !Double.isFinite(penalty)) {
                throw Problem.of("The probe needs a penalty above 0: otherwise, separable directions have no optimum.")
                        .fact("penalty", penalty)
                        .toIllegalArgument();
            }
        }

        @Override
        public String name() {
            return penalty == USUAL ? "logistic-probe" : "logistic-probe:" + penalty;
        }

        /** Newton's method on the weights of the directions, with each step solved by conjugate gradients. */
        @Override
        public Weights weights(double[][] gram, Accuracy accuracy) {
            int n = gram.length;
            double scale = 0;
            for (int i = 0; i < n; i++) {
                scale += gram[i][i] / n;
            }
            double[] a = new double[n];
            if (!(scale > 0)) {
                return new Weights(a, Double.NaN);
            }
            double loss = loss(a, gram, scale);
            for (int step = 0; step < NEWTON_STEPS; step++) {
                double[] margins = margins(a, gram, scale);
                double[] residual = new double[n]; // negative gradient, as weights of the directions
                double[] root = new double[n];
                double size = 0;
                for (int i = 0; i < n; i++) {
                    double wrong = 1 / (1 + Math.exp(margins[i]));
                    root[i] = Math.sqrt(Math.max(wrong * (1 - wrong), 1e-12) / n);
                    residual[i] = wrong / n - penalty * a[i];
                    size += residual[i] * residual[i];
                }
                if (Math.sqrt(size) < 1e-13) {
                    break;
                }
                double[] move = solve(gram, scale, root, residual);
                double length = 1;
                double[] next = moved(a, move, length);
                while (loss(next, gram, scale) > loss && length > 1e-6) {
                    length /= 2;
                    next = moved(a, move, length);
                }
                double better = loss(next, gram, scale);
                if (!(better < loss)) {
                    break;
                }
                a = next;
                loss = better;
            }
            return new Weights(aligned(a, gram), Double.NaN);
        }

        private double loss(double[] a, double[][] gram, double scale) {
            double[] margins = margins(a, gram, scale);
            double sum = 0;
            for (double margin : margins) {
                sum += margin > 0 ? Math.log1p(Math.exp(-margin)) : -margin + Math.log1p(Math.exp(margin));
            }
            return sum / a.length + penalty / 2 * Eigen.dot(a, margins);
        }

        private static double[] margins(double[] a, double[][] gram, double scale) {
            double[] margins = Eigen.times(gram, a);
            Arrays.setAll(margins, i -> margins[i] / scale);
            return margins;
        }

        private static double[] moved(double[] a, double[] move, double length) {
            double[] next = a.clone();
            Arrays.setAll(next, i -> next[i] + length * move[i]);
            return next;
        }

        /** Solves (R·G·R + penalty) u = R⁻¹ residual and returns R·u, with R the diagonal matrix of roots. */
        private double[] solve(double[][] gram, double scale, double[] root, double[] residual) {
            int n = root.length;
            double[] u = new double[n];
            double[] r = new double[n];
            Arrays.setAll(r, i -> residual[i] / root[i]);
            double[] p = r.clone();
            double rr = Eigen.dot(r, r);
            double stop = 1e-24 * rr;
            for (int round = 0; round < 4 * n && rr > stop; round++) {
                double[] scaled = new double[n];
                double[] from = p;
                Arrays.setAll(scaled, i -> root[i] * from[i]);
                double[] image = Eigen.times(gram, scaled);
                Arrays.setAll(image, i -> root[i] * image[i] / scale + penalty * from[i]);
                double step = rr / Eigen.dot(p, image);
                for (int i = 0; i < n; i++) {
                    u[i] += step * p[i];
                    r[i] -= step * image[i];
                }
                double next = Eigen.dot(r, r);
                for (int i = 0; i < n; i++) {
                    p[i] = r[i] + next / rr * p[i];
                }
                rr = next;
            }
            Arrays.setAll(u, i -> root[i] * u[i]);
            return u;
        }
    }

    /** The mean. */
    static Aggregation mean() {
        return new Mean();
    }

    /**
     * Parses a name; a probe's penalty follows a colon, {@code logistic-probe:0.1}.
     *
     * @throws IllegalArgumentException listing the names, or if the penalty is not a number above 0
     */
    static Aggregation parse(String name) {
        if (name.matches("logistic-probe:[0-9.eE+-]{1,24}")) {
            try {
                return new LogisticProbe(Double.parseDouble(name.substring("logistic-probe:".length())));
            } catch (NumberFormatException e) {
                throw Problem.of("The probe's penalty is not a number.")
                        .fact("expected", "logistic-probe:PENALTY, such as logistic-probe:0.1")
                        .fact("but was", name)
                        .toIllegalArgument();
            }
        }
        return switch (name) {
            case "mean" -> new Mean();
            case "pca-reconstructed-mean" -> new PcaReconstructedMean();
            case "pca-centred" -> new FirstPrincipalComponent();
            case "pca-uncentred" -> new UncentredFirstComponent();
            case "pca-paired" -> new PairedPca();
            case "logistic-probe" -> new LogisticProbe(LogisticProbe.USUAL);
            default ->
                throw Problem.of("There is no such aggregation.")
                        .fact("but was", name)
                        .fact(
                                "choose",
                                "mean, pca-reconstructed-mean, pca-centred, pca-uncentred, pca-paired, logistic-probe,"
                                        + " logistic-probe:PENALTY")
                        .toIllegalArgument();
        };
    }

    private static Eigen.Leading leading(double[][] matrix, Accuracy accuracy) {
        return accuracy == Accuracy.FULL ? Eigen.leading(matrix) : Eigen.roughly(matrix);
    }

    private static double[] equal(int n) {
        double[] weights = new double[n];
        Arrays.fill(weights, 1.0 / n);
        return weights;
    }

    /** Inner products of the centred directions. */
    private static double[][] centred(double[][] gram) {
        int n = gram.length;
        double[] rowMeans = new double[n];
        double whole = 0;
        for (int i = 0; i < n; i++) {
            rowMeans[i] = Arrays.stream(gram[i]).sum() / n;
            whole += rowMeans[i] / n;
        }
        double[][] centred = new double[n][n];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                centred[i][j] = gram[i][j] - rowMeans[i] - rowMeans[j] + whole;
            }
        }
        return centred;
    }

    /** The weights or their negatives, whichever have a non-negative inner product with the mean direction. */
    private static double[] aligned(double[] weights, double[][] gram) {
        double withMean = 0;
        for (int i = 0; i < gram.length; i++) {
            withMean += weights[i] * Arrays.stream(gram[i]).sum();
        }
        if (withMean >= 0) {
            return weights;
        }
        double[] turned = weights.clone();
        Arrays.setAll(turned, i -> -turned[i]);
        return turned;
    }
}
