package dev.pintle.figure;

import java.util.Arrays;

/**
 * Equal bins over a range.
 *
 * @param from where the first begins
 * @param width of each
 * @param count how many
 */
record Bins(double from, double width, int count) {
    /** Bins from the smallest to the largest of all values. */
    static Bins over(int count, Iterable<double[]> samples) {
        double low = Double.POSITIVE_INFINITY;
        double high = Double.NEGATIVE_INFINITY;
        for (double[] sample : samples) {
            for (double value : sample) {
                if (Double.isFinite(value)) {
                    low = Math.min(low, value);
                    high = Math.max(high, value);
                }
            }
        }
        if (!(low < high)) {
            double middle = Double.isFinite(low) ? low : 0;
            low = middle - 0.5;
            high = middle + 0.5;
        }
        return new Bins(low, (high - low) / count, count);
    }

    /** How many of the finite values fall in each bin. */
    double[] counts(double[] values) {
        double[] counts = new double[count];
        for (double value : values) {
            if (Double.isFinite(value)) {
                counts[(int) Math.max(0, Math.min(count - 1, Math.floor((value - from) / width)))]++;
            }
        }
        return counts;
    }

    /** Densities, whose sum times the width is 1. */
    double[] densities(double[] values) {
        double[] densities = counts(values);
        double all = Arrays.stream(densities).sum();
        for (int i = 0; i < count; i++) {
            densities[i] /= Math.max(1, all) * width;
        }
        return densities;
    }

    /** The outline of bars of these heights: x and y of its corners. */
    double[][] outline(double[] heights) {
        double[][] corners = new double[2][2 * count + 2];
        for (int i = 0; i < count; i++) {
            corners[0][2 * i + 1] = from + i * width;
            corners[0][2 * i + 2] = from + (i + 1) * width;
            corners[1][2 * i + 1] = heights[i];
            corners[1][2 * i + 2] = heights[i];
        }
        corners[0][0] = from;
        corners[0][2 * count + 1] = from + count * width;
        return corners;
    }
}
