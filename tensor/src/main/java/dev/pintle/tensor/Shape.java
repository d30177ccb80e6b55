package dev.pintle.tensor;

import dev.pintle.base.Problem;
import java.util.Arrays;
import java.util.Map;
import java.util.StringJoiner;

/** The sizes of a tensor's axes, outermost first. */
public final class Shape {
    private final long[] sizes;

    private Shape(long[] sizes) {
        this.sizes = sizes;
    }

    /**
     * @param sizes one size per axis; none for a scalar
     * @throws IllegalArgumentException if a size is negative or the number of elements exceeds 2^63 - 1
     */
    public static Shape of(long... sizes) {
        long elements = 1;
        for (long size : sizes) {
            if (size < 0) {
                throw Problem.of("An axis cannot have a negative size.")
                        .fact("but was", Arrays.toString(sizes))
                        .toIllegalArgument();
            }
            try {
                elements = Math.multiplyExact(elements, size);
            } catch (ArithmeticException e) {
                throw Problem.of("The shape has too many elements to count.")
                        .fact("but was", Arrays.toString(sizes))
                        .toIllegalArgument();
            }
        }
        return new Shape(sizes.clone());
    }

    /** Number of axes. */
    public int rank() {
        return sizes.length;
    }

    /**
     * Size of an axis.
     *
     * @param axis from 0, or from -1 at the innermost
     */
    public long size(int axis) {
        return sizes[axis < 0 ? axis + sizes.length : axis];
    }

    /** The size of an axis as an {@code int}. */
    public int intSize(int axis) {
        return Math.toIntExact(size(axis));
    }

    /** Product of the sizes; 1 for a scalar. */
    public long elements() {
        long product = 1;
        for (long size : sizes) {
            product *= size;
        }
        return product;
    }

    /** A copy of the sizes. */
    public long[] toArray() {
        return sizes.clone();
    }

    /**
     * Checks the axes by name. Axes listed in {@code known} must have that size; others may have any size.
     *
     * @param axes axis names separated by spaces, outermost first: {@code "batch tokens dModel"}
     * @param known sizes by axis name
     * @throws IllegalArgumentException with the expected and the actual shape
     */
    public void require(String axes, Map<String, ? extends Number> known) {
        String[] names = axes.isEmpty() ? new String[0] : axes.split(" ");
        boolean fits = names.length == sizes.length;
        for (int i = 0; fits && i < names.length; i++) {
            Number size = known.get(names[i]);
            fits = size == null || size.longValue() == sizes[i];
        }
        if (!fits) {
            StringJoiner expected = new StringJoiner(", ", "[", "]");
            for (String name : names) {
                expected.add(known.containsKey(name) ? name + "=" + known.get(name) : name);
            }
            throw Problem.of("Tensor has the wrong shape.")
                    .fact("expected", expected)
                    .fact("but was", this)
                    .toIllegalArgument();
        }
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Shape shape && Arrays.equals(sizes, shape.sizes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(sizes);
    }

    /** {@code [12, 768]}. */
    @Override
    public String toString() {
        return Arrays.toString(sizes);
    }
}
