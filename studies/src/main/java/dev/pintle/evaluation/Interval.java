package dev.pintle.evaluation;

import dev.pintle.steering.Ends;
import java.util.Arrays;
import java.util.SplittableRandom;

/*
 * Three kinds of numbers, three intervals.
 *
 * A share, k of n that are 1: Wilson's score interval (1927), the p for which |k/n - p| <= z sqrt(p(1-p)/n). All of 12 give
 * 0.76 to 1; a bootstrap would give 1 to 1, since it only redraws what was seen.
 *
 * Means without bounds: the studentised bootstrap (Efron and Tibshirani 1993, 12.5). The samples are drawn anew B times, each
 * time t* = (mean* - mean) / error*; the interval is mean - t*(97.5%) error to mean - t*(2.5%) error. Unlike percentiles of
 * the mean it is not too narrow for a dozen samples and leans to the side where the data have their tail. Where all samples
 * are equal, or too few, it has no ends.
 *
 * Means of scores that cannot leave a and b: the same, but nowhere wider than Gaffke's bounds (Learned-Miller and Thomas 2020,
 * arXiv:1905.06208), which hold for scores of any distribution: for the lower end a sample at a is put beside the n that were seen, for
 * the upper one a sample at b, and all are weighted at random, uniformly over weights that sum to 1 (as Rubin's Bayesian
 * bootstrap does); the ends are the 2.5% and the 97.5% quantile of the weighted means. Of 0s and 1s that would be the
 * interval of Clopper and Pearson. It has a width where all scores are equal, and where a resample of them is.
 */
/**
 * A mean over samples with its 95% confidence interval.
 *
 * @param mean NaN where there is no sample
 * @param low lower end; NaN if the samples give none
 * @param high upper end; NaN if the samples give none
 * @param samples how many there are, NaN left out
 */
public record Interval(double mean, double low, double high, int samples) {
    private static final int REPETITIONS = 1999; // so that the quantiles are single draws, the 50th and the 1,950th
    private static final int LOW = 49;
    private static final int HIGH = 1949;
    private static final long SEED = 42;
    private static final double Z = 1.959963984540054;

    private static final Interval NONE = new Interval(Double.NaN, Double.NaN, Double.NaN, 0);

    /** Of a number that is known without samples. */
    public static Interval exactly(double value, int samples) {
        return new Interval(value, value, value, samples);
    }

    /** Of a share. */
    public static Interval ofShare(int hits, int samples) {
        if (samples == 0) {
            return NONE;
        }
        double share = (double) hits / samples;
        double spread = Z * Math.sqrt(share * (1 - share) / samples + Z * Z / (4.0 * samples * samples));
        double centre = share + Z * Z / (2.0 * samples);
        double shrink = 1 + Z * Z / samples;
        return new Interval(
                share,
                hits == 0 ? 0 : (centre - spread) / shrink,
                hits == samples ? 1 : (centre + spread) / shrink,
                samples);
    }

    /** Of the mean of scores from 0 to 1; of a share where every score is one of the two. */
    public static Interval ofScores(double[] values) {
        double[] known = known(values);
        return Arrays.stream(known).allMatch(value -> value == 0 || value == 1)
                ? ofShare((int) Arrays.stream(known).sum(), known.length)
                : ofBounded(known, 0, 1);
    }

    /**
     * Of the mean of values that cannot leave two bounds.
     *
     * @param least the lower bound
     * @param most the upper bound
     */
    public static Interval ofBounded(double[] values, double least, double most) {
        double[] known = known(values);
        if (known.length == 0) {
            return NONE;
        }
        double mean = mean(known);
        double[] ends = studentised(known, mean);
        double[] bounds = bounds(known, least, most);
        return new Interval(
                mean,
                Math.min(mean, Math.max(ends[0], bounds[0])),
                Math.max(mean, Math.min(ends[1], bounds[1])),
                known.length);
    }

    /** Of the mean of values without bounds. The same values give the same interval. */
    public static Interval ofMean(double[] values) {
        double[] known = known(values);
        if (known.length == 0) {
            return NONE;
        }
        double mean = mean(known);
        double[] ends = studentised(known, mean);
        boolean told = Double.isFinite(ends[0]) && Double.isFinite(ends[1]);
        return new Interval(
                mean,
                told ? Math.min(mean, ends[0]) : Double.NaN,
                told ? Math.max(mean, ends[1]) : Double.NaN,
                known.length);
    }

    /** Both ends in words, rounded to a number of decimals: {@code 0.76 to 1.00}. */
    public String range(int decimals) {
        return Ends.text(low, high, decimals);
    }

    /** Mean of those that are finite; NaN where none is. */
    static double mean(double[] values) {
        return Arrays.stream(values).filter(Double::isFinite).average().orElse(Double.NaN);
    }

    private static double[] known(double[] values) {
        return Arrays.stream(values).filter(Double::isFinite).toArray();
    }

    /** Infinite if the values determine none. */
    private static double[] studentised(double[] values, double mean) {
        int n = values.length;
        double[] apart = Arrays.stream(values).map(value -> value - mean).toArray();
        double squares = Arrays.stream(apart).map(a -> a * a).sum();
        double error = Math.sqrt(squares / (n - 1.0) / n);
        if (n < 2 || !(error > 1e-12 * Math.abs(mean))) {
            return new double[] {Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY};
        }
        SplittableRandom random = new SplittableRandom(SEED);
        double[] ratios = new double[REPETITIONS];
        for (int repetition = 0; repetition < REPETITIONS; repetition++) {
            double sum = 0;
            double sumOfSquares = 0;
            for (int i = 0; i < n; i++) {
                double drawn = apart[random.nextInt(n)];
                sum += drawn;
                sumOfSquares += drawn * drawn;
            }
            double variance = (sumOfSquares - sum * sum / n) / (n - 1.0);
            boolean equal = !(variance > 1e-12 * squares);
            ratios[repetition] = equal && sum == 0 ? 0 : sum / n / (equal ? 0 : Math.sqrt(variance / n));
        }
        Arrays.sort(ratios);
        return new double[] {mean - ratios[HIGH] * error, mean - ratios[LOW] * error};
    }

    private static double[] bounds(double[] values, double least, double most) {
        SplittableRandom random = new SplittableRandom(SEED);
        double[] lower = new double[REPETITIONS];
        double[] upper = new double[REPETITIONS];
        for (int repetition = 0; repetition < REPETITIONS; repetition++) {
            double weights = 0;
            double sum = 0;
            for (double value : values) {
                double weight = -Math.log(1 - random.nextDouble()); // exponential: uniform once they sum to 1
                weights += weight;
                sum += weight * value;
            }
            double unseen = -Math.log(1 - random.nextDouble());
            lower[repetition] = (sum + unseen * least) / (weights + unseen);
            upper[repetition] = (sum + unseen * most) / (weights + unseen);
        }
        Arrays.sort(lower);
        Arrays.sort(upper);
        return new double[] {lower[LOW], upper[HIGH]};
    }
}
