package dev.pintle.steering;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;

/*
 * How well two halves of the pairs agree, with a confidence interval for that number.
 *
 * The estimate is the median, over random splits of the n pairs into halves, of the cosine of the two halves' vectors.
 * Its variation over other samples of pairs is estimated by the jackknife (Tukey 1958): each pair is left out in turn,
 * the same splits are repeated, and the spread of the results on Fisher's scale z = atanh(cosine) gives the standard
 * error s = sqrt((n - 1) / n · sum over k of (z_k - mean z)^2). The interval tanh(atanh(estimate) ± t·s), with t the
 * quantile of Student's distribution with n - 1 degrees of freedom, contains the estimate by construction and stays
 * between -1 and 1.
 *
 * A bootstrap would be biased: a half drawn with replacement contains fewer distinct pairs than half of the data, so
 * its cosines are those of less data and lie below the estimate.
 *
 * A mean is a sum, so leaving a pair out of a split costs one subtraction. Other aggregations must be recomputed each
 * time, so groups of pairs are left out instead of single ones, over fewer splits.
 */
/** How well the vectors of two random halves of the pairs agree. */
final class SplitHalf {
    private static final int LEAST_UNITS = 4;
    private static final int LEAST_UNITS_OF_COMPONENTS = 8; // so that each half still has three after one is left out
    private static final int SPLITS = 200;
    private static final int GROUPS = 16;
    private static final int SPLITS_OF_GROUPS = 12;
    private static final double ALMOST_ONE = 1 - 1e-15;

    private final double[][] gram;
    private final Aggregation aggregation;
    private final boolean sums;

    /** @param gram inner products `[units][units]` of the independent units: sums of pairs, or directions */
    SplitHalf(double[][] gram, Aggregation aggregation) {
        this.gram = gram;
        this.aggregation = aggregation;
        this.sums = adds(aggregation);
    }

    /** Whether the vector of several pairs is the sum of their vectors, up to scale. */
    static boolean adds(Aggregation aggregation) {
        return aggregation instanceof Aggregation.Mean || aggregation instanceof Aggregation.PcaReconstructedMean;
    }

    Stability stability(long seed) {
        int n = gram.length;
        if (n < LEAST_UNITS) {
            return Stability.UNKNOWN;
        }
        Random draws = new Random(seed);
        int[][] orders = new int[SPLITS][];
        double[] cosines = new double[SPLITS];
        for (int split = 0; split < SPLITS; split++) {
            orders[split] = shuffled(n, draws);
            cosines[split] = cosine(orders[split], n / 2);
        }
        Arrays.sort(cosines);
        double median = cosines[SPLITS / 2];
        if (!sums && n < LEAST_UNITS_OF_COMPONENTS) {
            return new Stability(median, Double.NaN, Double.NaN);
        }
        double[] without = sums ? withoutEach(orders) : withoutGroups(orders);
        double mean = Arrays.stream(without).average().orElse(Double.NaN);
        double squares =
                Arrays.stream(without).map(z -> (z - mean) * (z - mean)).sum();
        double error = Math.sqrt(squares * (without.length - 1) / without.length);
        if (!(error > 0)) { // identical directions say nothing about variation
            return new Stability(median, Double.NaN, Double.NaN);
        }
        double reach = student(without.length - 1) * error;
        return new Stability(median, Math.tanh(fisher(median) - reach), Math.tanh(fisher(median) + reach));
    }

    /**
     * For each unit, the mean over the splits of atanh(cosine) without it, for vectors that are sums.
     *
     * @param orders permutations of the units; the first half of each gives one vector, the rest the other
     */
    double[] withoutEach(int[][] orders) {
        int n = gram.length;
        double[] mean = new double[n];
        for (int[] order : orders) {
            int half = n / 2;
            double[] toOne = new double[n]; // a unit's inner product with the sum of each half
            double[] toOther = new double[n];
            for (int i = 0; i < n; i++) {
                for (int j = 0; j < n; j++) {
                    double product = gram[order[i]][order[j]];
                    if (j < half) {
                        toOne[i] += product;
                    } else {
                        toOther[i] += product;
                    }
                }
            }
            double one = Arrays.stream(toOne, 0, half).sum();
            double other = Arrays.stream(toOther, half, n).sum();
            double across = Arrays.stream(toOne, half, n).sum();
            for (int i = 0; i < n; i++) {
                boolean first = i < half;
                double own = gram[order[i]][order[i]];
                double withinOne = first ? one - 2 * toOne[i] + own : one;
                double withinOther = first ? other : other - 2 * toOther[i] + own;
                double between = across - (first ? toOther[i] : toOne[i]);
                mean[order[i]] += fisher(cosine(between, withinOne, withinOther)) / orders.length;
            }
        }
        return mean;
    }

    /** The same without each group of units, for vectors that are not sums. */
    private double[] withoutGroups(int[][] orders) {
        int groups = Math.min(GROUPS, gram.length);
        double[] mean = new double[groups];
        for (int group = 0; group < groups; group++) {
            int without = group;
            for (int split = 0; split < SPLITS_OF_GROUPS; split++) {
                int[] order = orders[split];
                int half = gram.length / 2;
                int[] left = Arrays.stream(order)
                        .filter(unit -> unit % groups != without)
                        .toArray();
                int first = (int) Arrays.stream(order, 0, half)
                        .filter(unit -> unit % groups != without)
                        .count();
                if (first > 0 && first < left.length) {
                    mean[group] += fisher(cosine(left, first)) / SPLITS_OF_GROUPS;
                }
            }
        }
        return mean;
    }

    private static double fisher(double cosine) {
        double bounded = Math.max(-ALMOST_ONE, Math.min(ALMOST_ONE, cosine));
        return 0.5 * Math.log((1 + bounded) / (1 - bounded));
    }

    /**
     * The 97.5% quantile of Student's distribution, by its expansion around the normal one (Abramowitz and Stegun
     * 26.7.5).
     */
    static double student(int degrees) {
        double z = 1.959963984540054;
        double z2 = z * z;
        double[] terms = {
            z * (z2 + 1) / 4,
            z * ((5 * z2 + 16) * z2 + 3) / 96,
            z * (((3 * z2 + 19) * z2 + 17) * z2 - 15) / 384,
            z * ((((79 * z2 + 776) * z2 + 1482) * z2 - 1920) * z2 - 945) / 92_160
        };
        double quantile = z;
        for (int power = 0; power < terms.length; power++) {
            quantile += terms[power] / Math.pow(degrees, power + 1);
        }
        return quantile;
    }

    private static int[] shuffled(int n, Random draws) {
        int[] order = IntStream.range(0, n).toArray();
        for (int i = n - 1; i > 0; i--) {
            int j = draws.nextInt(i + 1);
            int held = order[i];
            order[i] = order[j];
            order[j] = held;
        }
        return order;
    }

    /** Cosine of the vectors of the first units of an order and of the rest, from inner products alone. */
    private double cosine(int[] order, int first) {
        int[] one = Arrays.copyOf(order, first);
        int[] other = Arrays.copyOfRange(order, first, order.length);
        double[] a = weights(one);
        double[] b = weights(other);
        return cosine(product(a, one, b, other), product(a, one, a, one), product(b, other, b, other));
    }

    private static double cosine(double across, double one, double other) {
        return one > 0 && other > 0 ? across / Math.sqrt(one * other) : 0;
    }

    private double[] weights(int[] units) {
        if (sums) {
            double[] equal = new double[units.length];
            Arrays.fill(equal, 1.0 / units.length);
            return equal;
        }
        double[][] part = new double[units.length][units.length];
        for (int i = 0; i < units.length; i++) {
            for (int j = 0; j < units.length; j++) {
                part[i][j] = gram[units[i]][units[j]];
            }
        }
        return aggregation.weights(part, Aggregation.Accuracy.FEW_DIGITS).weights();
    }

    private double product(double[] a, int[] rows, double[] b, int[] columns) {
        double sum = 0;
        for (int i = 0; i < rows.length; i++) {
            for (int j = 0; j < columns.length; j++) {
                sum += a[i] * gram[rows[i]][columns[j]] * b[j];
            }
        }
        return sum;
    }
}
