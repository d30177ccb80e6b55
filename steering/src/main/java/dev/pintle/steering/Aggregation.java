package dev.pintle.steering;

import dev.pintle.base.Problem;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.Vec;
import java.util.Arrays;

/**
 * How directions `[directions, dModel]` become one vector.
 *
 * <p>The components below have no sign of their own: a singular vector and its negative explain the same. One rule holds for
 * all of them: the sign is the one whose product with the mean direction is not negative, so that adding the vector leads
 * toward the positive prompts.
 *
 * <p>Every aggregation is a weighted sum of directions whose weights follow from their inner products alone, so that it is
 * computed in the smaller of the two spaces: from the Gram matrix `[directions, directions]` of a few, or the covariance
 * `[dModel, dModel]` of many. Up to 256 on a side that is exact, beyond it a randomised block iteration runs until the
 * component stands still.
 */
public sealed interface Aggregation {
    /** The name in files and on the command line, as {@link #parse} reads it. */
    String name();

    /**
     * The weights of the directions.
     *
     * @param gram inner products `[directions][directions]`
     */
    Weights weights(double[][] gram, Accuracy accuracy);

    /** How exactly weights are computed. */
    enum Accuracy {
        /** To the last digits. */
        FULL,
        /** To a few digits, for estimates that take many of them. */
        FEW_DIGITS
    }

    /**
     * Directions as one vector, of no particular length.
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

    /** Whether it is computed from the second moments of directions that are too many to keep. */
    default boolean needsSecondMoments() {
        return !(this instanceof Mean) && !(this instanceof LogisticProbe);
    }

    /**
     * What an aggregation makes of directions.
     *
     * @param weights one a direction
     * @param explained share of the variance, or of the sum of squares where it does not centre, that lies along the vector;
     *     NaN where the aggregation has no such share
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
     * The mean of the directions' reconstructions from their first principal component, which some published steering code
     * calls PCA.
     *
     * <p>It is the mean itself. A reconstruction is x̂ᵢ = μ + zᵢ·u, where zᵢ = (xᵢ − μ)·u are the scores on the component u.
     * The scores sum to zero because the xᵢ − μ do, so the mean of the x̂ᵢ is μ, whatever u is. It is kept so that such
     * results can be repeated, and computed as the reconstruction is, so that a test and not this comment shows it.
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
     * The first principal component of the directions after their mean is taken off: along what they differ most from each
     * other, which need not be what they share.
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

    /** The first right singular vector of the directions as they are: the line nearest to all of them. */
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
     * The first principal component of the directions and their negatives together, as representation engineering takes it
     * (RepE; Zou et al. 2023, arXiv:2310.01405).
     *
     * <p>Directions and negatives have mean zero, so centring does nothing and the component is that of {@link
     * UncentredFirstComponent}, and so is the share explained. It keeps its name because people look for it under that.
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
     * The normal of a logistic regression that tells directions from their negatives: w minimises the mean of log(1 +
     * exp(−w·d)) + ½ penalty ‖w‖² with d in units of their root mean square length. There is no intercept, since both classes
     * mirror each other.
     *
     * @param penalty weight of the squared length; small values separate harder, large ones approach the mean
     */
    record LogisticProbe(double penalty) implements Aggregation {
        /** The penalty where none is named. */
        static final double USUAL = 0.01;

        private static final int NEWTON_STEPS = 50;

        /** @throws IllegalArgumentException unless the penalty is a number above 0 */
        public LogisticProbe {
            if (!(penalty > 0) || !Double.isFinite(penalty)) {
                throw Problem.of("The probe needs a penalty above 0, or separable directions have no best probe.")
                        .fact("penalty", penalty)
                        .toIllegalArgument();
            }
        }

        @Override
        public String name() {
            return penalty == USUAL ? "logistic-probe" : "logistic-probe:" + penalty;
        }

        /** Newton's method on the weights of the directions; each step solved by conjugate gradients. */
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
                double[] residual = new double[n]; // of the gradient, as weights of the directions
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

        /** Solves (R·G·R + penalty) u = R⁻¹ residual and gives R·u, with R the diagonal of roots. */
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
     * Reads a name; a probe's penalty stands behind a colon, {@code logistic-probe:0.1}.
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
                                "mean, pca-reconstructed-mean, pca-centred, pca-uncentred, pca-paired, logistic-probe, logistic-probe:PENALTY")
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

    /** Inner products after the mean is taken off every direction. */
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

    /** The weights or their negatives, whichever has a product with the mean direction that is not negative. */
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
