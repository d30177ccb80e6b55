/**
 * A decoder-only transformer whose residual stream can be read and written at named hook points.
 *
 * <p>Read {@link dev.pintle.model.Block} first: it is the forward pass. {@link dev.pintle.model.LanguageModel} is a loaded
 * model or a view of one with hooks; {@link dev.pintle.model.HookPoint} names the places.
 *
 * <p>Dtypes: weights and the residual stream are in the model's dtype; norms, rotary positions, softmax and logits are
 * computed in FP32 (FP64 in an FP64 model).
 */
@NullMarked
package dev.pintle.model;

import org.jspecify.annotations.NullMarked;
