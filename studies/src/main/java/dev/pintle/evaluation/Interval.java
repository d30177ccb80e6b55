package dev.pintle.evaluation;

import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * A mean over samples and where it would lie in 95% of repetitions, by the percentile bootstrap over samples (Efron 1979).
 *
 * @param mean NaN where there is no sample
 * @param low lower end
 * @param high upper end
 * @param samples how many there are; NaN are left out
 */
public record Interval(double mean, double low, double high, int samples) {
    private static final int REPETITIONS = 1000;
    private static final long SEED = 42;

    /** The interval of some values. The same values give the same interval. */
    public static Interval of(double[] values) {
        double[] known = Arrays.stream(values).filter(Double::isFinite).toArray();
        if (known.length == 0) {
            return new Interval(Double.NaN, Double.NaN, Double.NaN, 0);
        }
        SplittableRandom random = new SplittableRandom(SEED);
        double[] means = new double[REPETITIONS];
        for (int repetition = 0; repetition < REPETITIONS; repetition++) {
            double sum = 0;
            for (int i = 0; i < known.length; i++) {
                sum += known[random.nextInt(known.length)];
            }
            means[repetition] = sum / known.length;
        }
        Arrays.sort(means);
        return new Interval(
                Arrays.stream(known).average().orElse(Double.NaN),
                means[(int) (0.025 * REPETITIONS)],
                means[(int) (0.975 * REPETITIONS) - 1],
                known.length);
    }
}
