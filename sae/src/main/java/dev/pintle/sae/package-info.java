/**
 * Sparse autoencoders (SAEs): decompose steering vectors and activations into latents.
 *
 * <p>{@link dev.pintle.sae.SparseAutoencoder} encodes and decodes, {@link dev.pintle.sae.Decompose} is a method of
 * decomposition, {@link dev.pintle.sae.Decomposition} is its result. All arithmetic is in FP32.
 */
@NullMarked
package dev.pintle.sae;

import org.jspecify.annotations.NullMarked;
