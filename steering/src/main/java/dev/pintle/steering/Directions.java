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

/*
 * Directions as they stream past, in bounded memory.
 *
 * The first rows are kept (2,048 of them: 64 MB at dModel 4096), and while there are no more than that every aggregation is
 * computed from all of them. Beyond, the running sum gives the mean of all rows exactly, and the running second moments
 * [dModel, dModel] give the components of all rows exactly; the kept rows become a uniform random sample of all (reservoir
 * sampling), from which the logistic probe and the uncertainty are computed.
 */
/** Directions `[directions, dModel]` on their way to one vector. */
final class Directions {
    /** Most rows that are kept. */
    static final int KEPT = 2048;

    private static final int BUCKETS = 128;

    private final int dModel;
    private final boolean secondMoments;
    private final long seed;
    private final List<double[]> kept = new ArrayList<>();
    private final double[] sum;
    private final double[][] buckets = new double[BUCKETS][];
    private final List<double[]> pending = new ArrayList<>();
    private double[][] moments = new double[0][]; // [dModel][dModel] once there are more rows than are kept
    private long count;

    Directions(int dModel, Aggregation aggregation, long seed) {
        this.dModel = dModel;
        this.sum = new double[dModel];
        this.secondMoments =
                !(aggregation instanceof Aggregation.Mean) && !(aggregation instanceof Aggregation.LogisticProbe);
        this.seed = seed;
    }

    static Directions of(List<double[]> rows, Aggregation aggregation, long seed) {
        Directions directions = new Directions(rows.get(0).length, aggregation, seed);
        for (int i = 0; i < rows.size(); i++) {
            directions.add(i, rows.get(i));
        }
        return directions;
    }

    /** @param unit number of the pair, or of the row where there is one pair: what is independent of the rest */
    void add(long unit, double[] row) {
        double[] bucket = buckets[(int) (unit % BUCKETS)];
        if (bucket == null) {
            bucket = new double[dModel];
            buckets[(int) (unit % BUCKETS)] = bucket;
        }
        for (int i = 0; i < dModel; i++) {
            sum[i] += row[i];
            bucket[i] += row[i];
        }
        count++;
        if (kept.size() < KEPT) {
            kept.add(row);
            return;
        }
        if (secondMoments) {
            if (moments.length == 0) {
                moments = new double[dModel][dModel];
                pending.addAll(kept);
            }
            pending.add(row);
            if (pending.size() >= 512) {
                flush();
            }
        }
        // drawn from seed and count alone, so that a fit that was interrupted goes on with the same draws
        long slot = (long) (new SplittableRandom(seed ^ count * 0x9E3779B97F4A7C15L).nextDouble() * count);
        if (slot < KEPT) {
            kept.set((int) slot, row);
        }
    }

    private void flush() {
        if (pending.isEmpty()) {
            return;
        }
        try (TensorScope scope = TensorScope.open("second moments")) {
            Tensor rows = matrix(pending); // [rows, dModel]
            double[] product = rows.transpose(0, 1).matmul(rows).toDoubles();
            for (int i = 0; i < dModel; i++) {
                for (int j = 0; j < dModel; j++) {
                    moments[i][j] += product[i * dModel + j];
                }
            }
        }
        pending.clear();
    }

    private static Tensor matrix(List<double[]> rows) {
        int width = rows.get(0).length;
        double[] flat = new double[Math.multiplyExact(rows.size(), width)];
        for (int i = 0; i < rows.size(); i++) {
            System.arraycopy(rows.get(i), 0, flat, i * width, width);
        }
        return Tensor.of(flat, rows.size(), width);
    }

    long count() {
        return count;
    }

    /** Everything that {@link #restore} needs, in the current scope, under names that begin with {@code prefix}. */
    void save(Map<String, Tensor> into, String prefix) {
        flush();
        List<double[]> filled = new ArrayList<>();
        boolean[] isFilled = new boolean[BUCKETS];
        for (int i = 0; i < BUCKETS; i++) {
            isFilled[i] = buckets[i] != null;
            if (isFilled[i]) {
                filled.add(buckets[i]);
            }
        }
        into.put(prefix + "count", Tensor.of(new long[] {count}, 1));
        into.put(prefix + "sum", Tensor.of(sum, dModel));
        into.put(prefix + "is_filled", Tensor.of(isFilled, BUCKETS));
        into.put(prefix + "buckets", matrix(filled));
        into.put(prefix + "kept", matrix(kept));
        if (moments.length > 0) {
            into.put(prefix + "moments", matrix(Arrays.asList(moments)));
        }
    }

    /** Takes the place of directions that were saved. */
    void restore(Checkpoint from, String prefix) {
        count = from.tensor(prefix + "count").toLongs()[0];
        System.arraycopy(from.tensor(prefix + "sum").toDoubles(), 0, sum, 0, dModel);
        long[] isFilled = from.tensor(prefix + "is_filled").toLongs();
        List<double[]> filled = rows(from.tensor(prefix + "buckets"));
        int next = 0;
        for (int i = 0; i < BUCKETS; i++) {
            buckets[i] = isFilled[i] == 1 ? filled.get(next++) : null;
        }
        kept.clear();
        kept.addAll(rows(from.tensor(prefix + "kept")));
        if (from.contains(prefix + "moments")) {
            moments = rows(from.tensor(prefix + "moments")).toArray(double[][]::new);
        }
    }

    private static List<double[]> rows(Tensor matrix) {
        int width = matrix.shape().intSize(1);
        double[] flat = matrix.toDoubles();
        List<double[]> rows = new ArrayList<>();
        for (int at = 0; at < flat.length; at += width) {
            rows.add(Arrays.copyOfRange(flat, at, at + width));
        }
        return rows;
    }

    double[] mean() {
        double[] mean = sum.clone();
        Arrays.setAll(mean, i -> mean[i] / count);
        return mean;
    }

    /**
     * One vector, of no particular length.
     *
     * @param explained share explained, NaN where there is none
     */
    record Aggregated(double[] vector, double explained) {}

    Aggregated aggregate(Aggregation aggregation) {
        if (aggregation instanceof Aggregation.Mean) {
            return new Aggregated(mean(), Double.NaN);
        }
        boolean few = count <= kept.size() && kept.size() <= Math.max(dModel, Eigen.EXACT);
        if (few || aggregation instanceof Aggregation.LogisticProbe) {
            Aggregation.Weights weights = aggregation.weights(gram(kept), false);
            return new Aggregated(weighted(weights.weights(), kept), weights.explained());
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

    private Eigen.Leading covarianceLeading(boolean centred) {
        if (moments.length == 0) {
            moments = new double[dModel][dModel];
            pending.addAll(kept);
        }
        flush();
        double[] mean = mean();
        double[][] covariance = new double[dModel][dModel];
        for (int i = 0; i < dModel; i++) {
            for (int j = 0; j < dModel; j++) {
                covariance[i][j] = moments[i][j] / count - (centred ? mean[i] * mean[j] : 0);
            }
        }
        return Eigen.leading(covariance);
    }

    private static double[] weighted(double[] weights, List<double[]> rows) {
        double[] vector = new double[rows.get(0).length];
        for (int r = 0; r < weights.length; r++) {
            double[] row = rows.get(r);
            for (int i = 0; i < vector.length; i++) {
                vector[i] += weights[r] * row[i];
            }
        }
        return vector;
    }

    /** Inner products `[rows][rows]`. */
    private static double[][] gram(List<double[]> rows) {
        try (TensorScope scope = TensorScope.open("gram matrix")) {
            Tensor matrix = matrix(rows).to(DType.FP64).to(Device.CPU);
            double[] product = matrix.matmul(matrix.transpose(0, 1)).toDoubles();
            double[][] gram = new double[rows.size()][];
            for (int i = 0; i < gram.length; i++) {
                gram[i] = Arrays.copyOfRange(product, i * gram.length, (i + 1) * gram.length);
            }
            return gram;
        }
    }

    /** How far two halves of the pairs agree. */
    SteeringVector.Stability stability(Aggregation aggregation, long seed) {
        List<double[]> units = units(aggregation);
        return units.isEmpty()
                ? SteeringVector.Stability.UNKNOWN
                : new SplitHalf(gram(units), aggregation).stability(seed);
    }

    /** Sums of pairs for means, which add up; single directions for components, which do not. */
    private List<double[]> units(Aggregation aggregation) {
        if (SplitHalf.adds(aggregation)) {
            return Arrays.stream(buckets).filter(Objects::nonNull).toList();
        }
        return kept.size() <= BUCKETS ? kept : kept.subList(0, BUCKETS);
    }

    /** A direction with length 1; zero stays zero. */
    static double[] unit(double[] row) {
        double norm = Math.max(Math.sqrt(Eigen.dot(row, row)), Double.MIN_NORMAL);
        double[] unit = row.clone();
        Arrays.setAll(unit, i -> unit[i] / norm);
        return unit;
    }
}
