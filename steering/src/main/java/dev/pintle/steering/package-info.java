/**
 * Steering vectors: fitted from contrastive prompts, applied while a model runs.
 *
 * <p>{@link dev.pintle.steering.ContrastPair} holds the prompts, {@link dev.pintle.steering.Positions} selects where to
 * read them, {@link dev.pintle.steering.SteeringMethod} turns that into a {@link dev.pintle.steering.SteeringVector},
 * and {@link dev.pintle.steering.Intervention} applies it.
 *
 * <p>Activations are read in the model's dtype and summed in FP64; a vector is FP32.
 */
@NullMarked
package dev.pintle.steering;

import org.jspecify.annotations.NullMarked;
