package dev.pintle.steering;

import dev.pintle.base.Problem;
import dev.pintle.tensor.Vec;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * How similar two vectors are.
 *
 * @param cosine cosine of the angle between them
 * @param euclidean L2 norm of their difference
 * @param manhattan L1 norm of their difference
 * @param pearson correlation of their elements; NaN if one is constant
 * @param zerosOfOne fraction of exact zeros in the first
 * @param zerosOfOther fraction of exact zeros in the second
 * @param topK number of elements that {@code overlap} considers
 * @param overlap fraction of the {@code topK} largest elements by magnitude that have the same indices in both
 */
public record VectorComparison(
        double cosine,
        double euclidean,
        double manhattan,
        double pearson,
        double zerosOfOne,
        double zerosOfOther,
        int topK,
        double overlap) {
    private static final int TOP = 100;

    /**
     * Compares vectors, with the overlap of the 100 largest elements, or of all if there are fewer.
     *
     * @throws IllegalArgumentException if the sizes differ
     */
    public static VectorComparison of(Vec one, Vec other) {
        return of(one, other, Math.min(TOP, one.size()));
    }

    /** @throws IllegalArgumentException if the sizes differ or {@code topK} is out of range */
    public static VectorComparison of(Vec one, Vec other, int topK) {
        Vec difference = one.minus(other);
        if (topK < 1 || topK > one.size()) {
            throw Problem.of("The number of largest elements to compare is out of range.")
                    .fact("expected", "1 to " + one.size())
                    .fact("but was", topK)
                    .toIllegalArgument();
        }
        double manhattan = 0;
        for (float value : difference.toArray()) {
            manhattan += Math.abs(value);
        }
        Set<Integer> largest = largest(one, topK);
        long both = largest(other, topK).stream().filter(largest::contains).count();
        return new VectorComparison(
                one.cosine(other),
                difference.norm(),
                manhattan,
                pearson(one, other),
                zeros(one),
                zeros(other),
                topK,
                (double) both / topK);
    }

    /**
     * Pairwise cosines.
     *
     * @return `[vectors][vectors]`
     */
    public static double[][] cosines(List<Vec> vectors) {
        double[][] matrix = new double[vectors.size()][vectors.size()];
        for (int i = 0; i < matrix.length; i++) {
            for (int j = 0; j < matrix.length; j++) {
                matrix[i][j] = i == j ? 1 : vectors.get(i).cosine(vectors.get(j));
            }
        }
        return matrix;
    }

    private static Set<Integer> largest(Vec vec, int k) {
        return IntStream.range(0, vec.size())
                .boxed()
                .sorted(Comparator.<Integer>comparingDouble(i -> -Math.abs(vec.get(i)))
                        .thenComparing(i -> i))
                .limit(k)
                .collect(Collectors.toSet());
    }

    private static double zeros(Vec vec) {
        int zeros = 0;
        for (float value : vec.toArray()) {
            zeros += value == 0 ? 1 : 0;
        }
        return (double) zeros / vec.size();
    }

    private static double pearson(Vec one, Vec other) {
        double meanOne = mean(one);
        double meanOther = mean(other);
        double product = 0;
        double squaresOne = 0;
        double squaresOther = 0;
        for (int i = 0; i < one.size(); i++) {
            double a = one.get(i) - meanOne;
            double b = other.get(i) - meanOther;
            product += a * b;
            squaresOne += a * a;
            squaresOther += b * b;
        }
        double scale = Math.sqrt(squaresOne * squaresOther);
        return scale == 0 ? Double.NaN : product / scale;
    }

    private static double mean(Vec vec) {
        double sum = 0;
        for (float value : vec.toArray()) {
            sum += value;
        }
        return sum / vec.size();
    }
}
