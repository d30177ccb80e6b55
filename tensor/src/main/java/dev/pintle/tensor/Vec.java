package dev.pintle.tensor;

import dev.pintle.base.Problem;
import java.util.Arrays;

/**
 * An immutable FP32 vector on the Java heap, such as a steering vector or a row of an autoencoder. Sums are accumulated
 * in double precision and rounded once.
 */
public final class Vec {
    private final float[] values;

    private Vec(float[] values) {
        this.values = values;
    }

    /** @param values copied */
    public static Vec of(float... values) {
        return new Vec(values.clone());
    }

    /** @param values rounded to FP32 */
    public static Vec of(double[] values) {
        float[] rounded = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            rounded[i] = (float) values[i];
        }
        return new Vec(rounded);
    }

    /** A vector of zeros. */
    public static Vec zeros(int size) {
        return new Vec(new float[size]);
    }

    /** Number of elements. */
    public int size() {
        return values.length;
    }

    /** One element. */
    public float get(int index) {
        return values[index];
    }

    /** A copy of the elements. */
    public float[] toArray() {
        return values.clone();
    }

    /**
     * Element-wise sum.
     *
     * @throws IllegalArgumentException if the sizes differ
     */
    public Vec plus(Vec other) {
        requireSameSize(other);
        float[] sum = new float[values.length];
        for (int i = 0; i < sum.length; i++) {
            sum[i] = values[i] + other.values[i];
        }
        return new Vec(sum);
    }

    /**
     * Element-wise difference.
     *
     * @throws IllegalArgumentException if the sizes differ
     */
    public Vec minus(Vec other) {
        return plus(other.times(-1));
    }

    /** Every element multiplied by {@code factor}. */
    public Vec times(double factor) {
        float[] product = new float[values.length];
        for (int i = 0; i < product.length; i++) {
            product[i] = (float) (values[i] * factor);
        }
        return new Vec(product);
    }

    /**
     * Dot product.
     *
     * @throws IllegalArgumentException if the sizes differ
     */
    public double dot(Vec other) {
        requireSameSize(other);
        double sum = 0;
        for (int i = 0; i < values.length; i++) {
            sum += (double) values[i] * other.values[i];
        }
        return sum;
    }

    /** Euclidean norm. */
    public double norm() {
        return Math.sqrt(dot(this));
    }

    /** Cosine of the angle between two vectors; 0 if either is zero. */
    public double cosine(Vec other) {
        double scale = norm() * other.norm();
        return scale == 0 ? 0 : dot(other) / scale;
    }

    /**
     * This vector normalised to length 1.
     *
     * @throws IllegalArgumentException for the zero vector, which has no direction
     */
    public Vec unit() {
        double norm = norm();
        if (norm == 0 || !Double.isFinite(norm)) {
            throw Problem.of("A vector of length " + norm + " has no direction.")
                    .fact("size", values.length)
                    .toIllegalArgument();
        }
        return times(1 / norm);
    }

    /** Whether every element is finite. */
    public boolean isFinite() {
        for (float value : values) {
            if (!Float.isFinite(value)) {
                return false;
            }
        }
        return true;
    }

    private void requireSameSize(Vec other) {
        if (values.length != other.values.length) {
            throw Problem.of("The vectors have different sizes.")
                    .fact("one", values.length)
                    .fact("other", other.values.length)
                    .toIllegalArgument();
        }
    }

    /** Compares all elements bit for bit. */
    @Override
    public boolean equals(Object other) {
        return other instanceof Vec vec && Arrays.equals(values, vec.values);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(values);
    }

    /** Size and norm: {@code Vec[256], norm 1.000}. */
    @Override
    public String toString() {
        return "Vec[" + values.length + "], norm " + String.format(java.util.Locale.ROOT, "%.3f", norm());
    }
}
