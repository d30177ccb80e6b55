package dev.pintle.steering;

import java.util.Locale;

/**
 * How well the vectors of two random halves of the pairs agree.
 *
 * @param splitHalfCosine median cosine of the two over random splits
 * @param low lower end of the 95% interval for that cosine, by the jackknife over pairs; NaN if unknown
 * @param high upper end
 */
public record Stability(double splitHalfCosine, double low, double high) {
    /** For a vector with too few directions to split. */
    public static final Stability UNKNOWN = new Stability(Double.NaN, Double.NaN, Double.NaN);

    /** Drops an interval that does not contain the cosine: older files store the interval of a different number. */
    public Stability {
        if (!(low <= splitHalfCosine && splitHalfCosine <= high)) {
            low = Double.NaN;
            high = Double.NaN;
        }
    }

    /** {@code 0.987 (95%: 0.954 to 0.994)}; the cosine alone if its interval is unknown. */
    public String text() {
        String cosine = String.format(Locale.ROOT, "%.3f", splitHalfCosine);
        return Double.isNaN(low) ? cosine : cosine + " (95%: " + Ends.text(low, high, 3) + ")";
    }
}
