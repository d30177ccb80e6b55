package dev.pintle.testkit;

import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.Vec;
import org.assertj.core.api.AbstractAssert;
import org.jspecify.annotations.Nullable;

/** Compares tensors and vectors element by element. */
public final class TensorAssert extends AbstractAssert<TensorAssert, double[]> {
    private TensorAssert(double @Nullable [] actual) {
        super(actual, TensorAssert.class);
    }

    /** Starts an assertion on a tensor. */
    public static TensorAssert assertThatTensor(Tensor actual) {
        return new TensorAssert(actual.toDoubles()).as(actual.describe());
    }

    /** Starts an assertion on a vector. */
    public static TensorAssert assertThatVec(Vec actual) {
        return new TensorAssert(widened(actual.toArray()));
    }

    /** Every element differs from its partner by at most {@code tolerance} times the largest expected magnitude. */
    public TensorAssert isCloseTo(Tensor expected, double tolerance) {
        return isCloseTo(expected.toDoubles(), tolerance);
    }

    /** The same for a vector. */
    public TensorAssert isCloseTo(Vec expected, double tolerance) {
        return isCloseTo(widened(expected.toArray()), tolerance);
    }

    private TensorAssert isCloseTo(double[] expected, double tolerance) {
        isNotNull();
        if (actual.length != expected.length) {
            throw failure("expected %d elements but was %d", expected.length, actual.length);
        }
        double largest = 0;
        for (double value : expected) {
            largest = Math.max(largest, Math.abs(value));
        }
        for (int i = 0; i < expected.length; i++) {
            if (!(Math.abs(actual[i] - expected[i]) <= tolerance * largest)) {
                throw failure(
                        "element %d: expected %s but was %s, off by %.2e of the largest value %s (allowed %.0e)",
                        i, expected[i], actual[i], Math.abs(actual[i] - expected[i]) / largest, largest, tolerance);
            }
        }
        return this;
    }

    /** Equal element by element, to the bit. */
    public TensorAssert isIdenticalTo(Tensor expected) {
        return isCloseTo(expected.toDoubles(), 0);
    }

    private static double[] widened(float[] values) {
        double[] wide = new double[values.length];
        for (int i = 0; i < wide.length; i++) {
            wide[i] = values[i];
        }
        return wide;
    }
}
