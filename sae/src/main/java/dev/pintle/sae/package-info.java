/**
 * Sparse autoencoders (SAEs): what a steering vector or an activation is made of.
 *
 * <p>{@link dev.pintle.sae.SparseAutoencoder} encodes and decodes, {@link dev.pintle.sae.Decompose} says how a vector is
 * decomposed, {@link dev.pintle.sae.Decomposition} is the answer. All arithmetic is in FP32.
 */
@NullMarked
package dev.pintle.sae;

import org.jspecify.annotations.NullMarked;
