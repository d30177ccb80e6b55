/**
 * A decoder-only transformer whose activations can be read and written at named hook points.
 *
 * <p>Read {@link dev.pintle.transformer.Block} first: it is the forward pass. {@link dev.pintle.transformer.HookPoint}
 * names where, and {@link dev.pintle.transformer.Hook} does the reading and writing.
 *
 * <p>Dtypes: weights and the residual stream are in the model's dtype; norms, rotary positions, softmax and logits are
 * computed in FP32 (FP64 in an FP64 model).
 */
@NullMarked
package dev.pintle.transformer;

import org.jspecify.annotations.NullMarked;
