package dev.pintle.study;

import dev.pintle.tensor.Vec;
import java.util.Arrays;

/** Statistics that leave out values, or pairs, that are not finite. */
public final class Statistics {
    private Statistics() {}

    /** Mean of the values that are finite; NaN where none is. */
    public static double mean(double[] values) {
        return Arrays.stream(values).filter(Double::isFinite).average().orElse(Double.NaN);
    }

    /** Cosine of two vectors; NaN where either is zero, which has no direction. */
    public static double cosine(Vec one, Vec other) {
        return one.norm() == 0 || other.norm() == 0 ? Double.NaN : one.cosine(other);
    }

    /**
     * The least-squares line y = slope · x + intercept.
     *
     * @param correlation Pearson's, of x and y
     */
    public record Line(double slope, double intercept, double correlation) {}

    /** The line through points (x, y). */
    public static Line line(double[] x, double[] y) {
        double n = 0;
        double sx = 0;
        double sy = 0;
        double sxx = 0;
        double sxy = 0;
        double syy = 0;
        for (int i = 0; i < x.length; i++) {
            if (Double.isFinite(x[i]) && Double.isFinite(y[i])) {
                n++;
                sx += x[i];
                sy += y[i];
                sxx += x[i] * x[i];
                sxy += x[i] * y[i];
                syy += y[i] * y[i];
            }
        }
        double vx = sxx - sx * sx / n;
        double vy = syy - sy * sy / n;
        double cov = sxy - sx * sy / n;
        double slope = vx == 0 ? Double.NaN : cov / vx;
        return new Line(slope, (sy - slope * sx) / n, vx * vy > 0 ? cov / Math.sqrt(vx * vy) : Double.NaN);
    }
}
