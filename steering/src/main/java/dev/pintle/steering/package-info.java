/**
 * Steering vectors: fitted from contrasting prompts, applied while a model runs.
 *
 * <p>{@link dev.pintle.steering.ContrastPair} says which prompts, {@link dev.pintle.steering.Positions} where to read them,
 * {@link dev.pintle.steering.SteeringMethod} how that becomes one {@link dev.pintle.steering.SteeringVector}, and
 * {@link dev.pintle.steering.Intervention} what is done with it.
 *
 * <p>Activations are read in the model's dtype and summed in FP64; a vector is FP32.
 */
@NullMarked
package dev.pintle.steering;

import org.jspecify.annotations.NullMarked;
