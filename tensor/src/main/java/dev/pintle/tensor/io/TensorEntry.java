package dev.pintle.tensor.io;

import dev.pintle.base.Excerpt;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Shape;

/**
 * What a checkpoint says about one tensor before any of it is read.
 *
 * @param name the name in the checkpoint
 * @param dtype type of the elements as stored
 * @param shape sizes of the axes, outermost first
 */
public record TensorEntry(String name, DType dtype, Shape shape) {
    /** {@code encoder.weight [65536, 4096] fp32}. */
    @Override
    public String toString() {
        return Excerpt.of(name) + " " + shape + " " + dtype;
    }
}
