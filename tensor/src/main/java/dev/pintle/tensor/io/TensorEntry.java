package dev.pintle.tensor.io;

import dev.pintle.base.Excerpt;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Shape;

/**
 * A checkpoint's description of one tensor, available before it is read.
 *
 * @param name the name in the checkpoint
 * @param dtype the stored element type
 * @param shape sizes of the axes, outermost first
 */
public record TensorEntry(String name, DType dtype, Shape shape) {
    /** {@code encoder.weight [65536, 4096] fp32}. */
    @Override
    public String toString() {
        return Excerpt.of(name) + " " + shape + " " + dtype;
    }
}
