package dev.pintle.tensor.io;

import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Shape;
import java.util.Arrays;
import java.util.function.Supplier;

/** Arithmetic on untrusted shapes declared in a file. */
final class Layout {
    /** Maximum number of axes of a tensor in a file; NumPy's own limit. */
    static final int MAX_RANK = 64;

    private Layout() {}

    /**
     * A shape that is safe to compute with: no negative axis, and bytes and strides that fit in 63 bits even if another
     * axis is empty.
     *
     * @param problem starts the error, for example with the file and the tensor's name
     */
    static Shape shape(long[] sizes, DType dtype, Supplier<Problem> problem) {
        if (sizes.length > MAX_RANK) {
            throw refused("at most " + MAX_RANK + " axes", sizes.length + " axes", problem);
        }
        long extent = dtype.bytes();
        for (long size : sizes) {
            if (size < 0) {
                throw refused("sizes of at least 0", Arrays.toString(sizes), problem);
            }
            if (Math.multiplyHigh(extent, Math.max(size, 1)) != 0 || extent * Math.max(size, 1) < 0) {
                throw refused("fewer than 2^63 bytes", Arrays.toString(sizes) + " " + dtype, problem);
            }
            extent *= Math.max(size, 1);
        }
        return Shape.of(sizes);
    }

    /** Size in bytes of a tensor whose shape was accepted by {@link #shape} for this dtype. */
    static long bytes(Shape shape, DType dtype) {
        return shape.elements() * dtype.bytes();
    }

    /**
     * Number of elements from the first to the last one a view touches, inclusive; -1 if it does not fit in 63 bits.
     */
    static long span(Shape shape, long[] strides) {
        long last = 0;
        for (int axis = 0; axis < strides.length; axis++) {
            long steps = shape.size(axis) - 1;
            long stride = strides[axis];
            if (steps > 0 && stride > 0 && steps > (Long.MAX_VALUE - 1 - last) / stride) {
                return -1;
            }
            last += Math.max(steps, 0) * stride;
        }
        return last + 1;
    }

    /** Whether a view's elements are contiguous in row-major order. */
    static boolean isRowMajor(Shape shape, long[] strides) {
        long expected = 1;
        for (int axis = strides.length - 1; axis >= 0; axis--) {
            if (shape.size(axis) != 1 && strides[axis] != expected) {
                return false;
            }
            expected *= shape.size(axis);
        }
        return true;
    }

    private static PintleException refused(String expected, String found, Supplier<Problem> problem) {
        return problem.get()
                .fact("expected", "a shape with " + expected)
                .fact("but was", found)
                .toException();
    }
}
