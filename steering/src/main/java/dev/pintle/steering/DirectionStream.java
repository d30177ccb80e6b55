package dev.pintle.steering;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.io.Checkpoint;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/*
 * Streaming aggregation of directions in bounded memory.
 *
 * The first rows are kept (2,048 of them: 64 MB at dModel 4096), and up to that number every aggregation is computed
 * from all rows. Beyond it, the running sum still gives the exact mean, and the running second moments [dModel, dModel]
 * the exact components; the kept rows become a uniform random sample (reservoir sampling), from which the logistic
 * probe and the uncertainty are estimated.
 */
/** Accumulates directions `[n, dModel]` to be aggregated into one vector. Owns its tensors until it is closed. */
final class DirectionStream implements AutoCloseable {
    /** Maximum number of rows kept. */
    static final int KEPT = 2048;

    private static final int BUCKETS = 128;

    private final TensorScope owner = TensorScope.owner("directions");
    private final int dModel;
    private final boolean secondMoments;
    private final long seed;
    private final Tensor kept; // [capacity, dModel] FP64, of which the first rows are filled
    private final double[] sum;
    private final double[][] buckets = new double[BUCKETS][];
    private @Nullable Tensor moments; // [dModel, dModel] FP64, once there are more rows than fit
    private int filled;
    private long count;

    /** @param expected total number of rows */
    DirectionStream(int dModel, long expected, Aggregation aggregation, long seed) {
        this.dModel = dModel;
        this.sum = new double[dModel];
        this.secondMoments = aggregation.needsSecondMoments();
        this.seed = seed;
        this.kept = owned(Math.min(KEPT, expected));
    }

    private Tensor owned(long rows) {
        try (TensorScope scope = TensorScope.open("directions")) {
            return owner.adopt(Tensor.zeros(DType.FP64, Device.CPU, rows, dModel));
        }
    }

    /**
     * Adds rows.
     *
     * @param units for each row the independent unit it belongs to: its pair's number, or its own if there is only one
     *     pair
     * @param rows `[n, dModel]` FP64 on the CPU
     */
    void add(long[] units, Tensor rows) {
        addUp(units, rows.toDoubles());
        int first = (int) Math.min(units.length, kept.size(0) - filled);
        try (TensorScope scope = TensorScope.open("keep directions")) {
            if (first > 0) {
                kept.narrow(0, filled, first).copyFrom(rows.narrow(0, 0, first));
                filled += first;
            }
            if (first < units.length) {
                sample(rows.narrow(0, first, units.length - (long) first), count + first);
            }
        }
        count += units.length;
    }

    /** Adds row by row, so that the sums do not depend on how rows are batched. */
    private void addUp(long[] units, double[] flat) {
        for (int row = 0; row < units.length; row++) {
            int bucket = (int) (units[row] % BUCKETS);
            double[] bucketSum = buckets[bucket];
            if (bucketSum == null) {
                bucketSum = new double[dModel];
                buckets[bucket] = bucketSum;
            }
            for (int i = 0; i < dModel; i++) {
                double value = flat[row * dModel + i];
                sum[i] += value;
                bucketSum[i] += value;
            }
        }
    }

    /**
     * @param rows `[n, dModel]` that no longer fit
     * @param before number of rows before them
     */
    private void sample(Tensor rows, long before) {
        if (secondMoments) {
            moments().plusInPlace(rows.transpose(0, 1).matmul(rows));
        }
        for (long row = 0; row < rows.size(0); row++) {
            long seen = before + row + 1;
            // depends only on seed and count, so that a resumed fit makes the same draws
            long slot = (long) (new SplittableRandom(seed ^ seen * 0x9E3779B97F4A7C15L).nextDouble() * seen);
            if (slot < kept.size(0)) {
                kept.narrow(0, slot, 1).copyFrom(rows.narrow(0, row, 1));
            }
        }
    }

    /** The second moments of all rows so far; initialised from the kept ones. */
    private Tensor moments() {
        Tensor known = moments;
        if (known == null) {
            known = owned(dModel);
            Tensor rows = rows();
            known.plusInPlace(rows.transpose(0, 1).matmul(rows));
            moments = known;
        }
        return known;
    }

    long count() {
        return count;
    }

    int dModel() {
        return dModel;
    }

    /** The kept rows `[n, dModel]`, a view. */
    Tensor rows() {
        return kept.narrow(0, 0, filled);
    }

    double[] mean() {
        double[] mean = sum.clone();
        Arrays.setAll(mean, i -> mean[i] / count);
        return mean;
    }

    // ---------------------------------------------------------------- interrupted fits

    /**
     * Saves everything that {@link #restore} needs, in the current scope, under names that begin with {@code prefix}.
     */
    void save(Map<String, Tensor> into, String prefix) {
        List<double[]> filledBuckets = new ArrayList<>();
        boolean[] isFilled = new boolean[BUCKETS];
        for (int i = 0; i < BUCKETS; i++) {
            isFilled[i] = buckets[i] != null;
            if (isFilled[i]) {
                filledBuckets.add(buckets[i]);
            }
        }
        into.put(prefix + "count", Tensor.of(new long[] {count}, 1));
        into.put(prefix + "sum", Tensor.of(sum, dModel));
        into.put(prefix + "is_filled", Tensor.of(isFilled, BUCKETS));
        into.put(prefix + "buckets", matrix(filledBuckets));
        into.put(prefix + "kept", rows());
        if (moments != null) {
            into.put(prefix + "moments", moments);
        }
    }

    /** Restores the saved state. */
    void restore(Checkpoint from, String prefix) {
        count = from.tensor(prefix + "count").toLongs()[0];
        System.arraycopy(from.tensor(prefix + "sum").toDoubles(), 0, sum, 0, dModel);
        long[] isFilled = from.tensor(prefix + "is_filled").toLongs();
        double[] flat = from.tensor(prefix + "buckets").toDoubles();
        int next = 0;
        for (int i = 0; i < BUCKETS; i++) {
            buckets[i] = isFilled[i] == 1 ? Arrays.copyOfRange(flat, next * dModel, ++next * dModel) : null;
        }
        Tensor rows = from.tensor(prefix + "kept");
        filled = rows.shape().intSize(0);
        rows().copyFrom(rows);
        if (from.contains(prefix + "moments")) {
            moments = owned(dModel).copyFrom(from.tensor(prefix + "moments"));
        }
    }

    // ---------------------------------------------------------------- one vector

    /**
     * One vector, not normalised.
     *
     * @param explained fraction explained; NaN if not defined
     */
    record Aggregated(double[] vector, double explained) {}

    Aggregated aggregate(Aggregation aggregation) {
        if (aggregation instanceof Aggregation.Mean) {
            return new Aggregated(mean(), Double.NaN);
        }
        boolean few = count <= filled && filled <= Math.max(dModel, Eigen.EXACT);
        if (few || !aggregation.needsSecondMoments()) {
            try (TensorScope scope = TensorScope.open("aggregate directions")) {
                return combined(rows(), aggregation);
            }
        }
        if (aggregation instanceof Aggregation.PcaReconstructedMean) {
            return new Aggregated(mean(), covarianceLeading(true).share());
        }
        Eigen.Leading leading = covarianceLeading(aggregation instanceof Aggregation.FirstPrincipalComponent);
        double[] vector = leading.vector();
        double sign = Eigen.dot(vector, sum) >= 0 ? 1 : -1;
        Arrays.setAll(vector, i -> sign * vector[i]);
        return new Aggregated(vector, leading.share());
    }

    /** @param rows `[n, dModel]` FP64 on the CPU */
    static Aggregated combined(Tensor rows, Aggregation aggregation) {
        Aggregation.Weights weights = aggregation.weights(gram(rows), Aggregation.Accuracy.FULL);
        double[] each = weights.weights();
        double[] vector = Tensor.of(each, 1, each.length).matmul(rows).toDoubles(); // [1, dModel]
        return new Aggregated(vector, weights.explained());
    }

    /**
     * Inner products `[n][n]`.
     *
     * @param rows `[n, dModel]` FP64 on the CPU
     */
    private static double[][] gram(Tensor rows) {
        double[] product = rows.matmul(rows.transpose(0, 1)).toDoubles();
        double[][] gram = new double[rows.shape().intSize(0)][];
        for (int i = 0; i < gram.length; i++) {
            gram[i] = Arrays.copyOfRange(product, i * gram.length, (i + 1) * gram.length);
        }
        return gram;
    }

    /** Whether an aggregation can be computed from the state kept. */
    boolean serves(Aggregation aggregation) {
        return count <= filled || secondMoments || !aggregation.needsSecondMoments();
    }

    private Eigen.Leading covarianceLeading(boolean centred) {
        double[] mean = mean();
        double[] flat;
        try (TensorScope scope = TensorScope.open("covariance")) {
            flat = moments().toDoubles();
        }
        double[][] covariance = new double[dModel][dModel];
        for (int i = 0; i < dModel; i++) {
            for (int j = 0; j < dModel; j++) {
                covariance[i][j] = flat[i * dModel + j] / count - (centred ? mean[i] * mean[j] : 0);
            }
        }
        return Eigen.leading(covariance);
    }

    /** How well two halves of the pairs agree. */
    Stability stability(Aggregation aggregation) {
        if (count == 0) {
            return Stability.UNKNOWN;
        }
        try (TensorScope scope = TensorScope.open("stability")) {
            return new SplitHalf(gram(units(aggregation)), aggregation).stability(seed);
        }
    }

    /** Sums of pairs for means, which are additive; single directions for components, which are not. */
    private Tensor units(Aggregation aggregation) {
        return SplitHalf.adds(aggregation)
                ? matrix(Arrays.stream(buckets).filter(Objects::nonNull).toList())
                : kept.narrow(0, 0, Math.min(filled, BUCKETS));
    }

    private Tensor matrix(List<double[]> rows) {
        double[] flat = new double[Math.multiplyExact(rows.size(), dModel)];
        for (int i = 0; i < rows.size(); i++) {
            System.arraycopy(rows.get(i), 0, flat, i * dModel, dModel);
        }
        return Tensor.of(flat, rows.size(), dModel);
    }

    @Override
    public void close() {
        owner.close();
    }
}
