/**
 * Native arrays over libtorch. This is the only package that references it.
 *
 * <p>Start with {@link dev.pintle.tensor.Tensor} and {@link dev.pintle.tensor.TensorScope}, which owns every tensor
 * created while it is open. {@link dev.pintle.tensor.Vec} is a small immutable vector on the Java heap.
 *
 * <p>Dtypes: an operation works in the dtype of its operands; reductions named {@code …Fp32} say so. Nothing here
 * depends on the garbage collector.
 */
@NullMarked
package dev.pintle.tensor;

import org.jspecify.annotations.NullMarked;
