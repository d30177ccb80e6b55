/**
 * Stores of activations: what a model computes at hook points on a collection of texts, one row a token, in sharded
 * safetensors files with a manifest.
 *
 * <p>{@link dev.pintle.sae.harvest.Harvest} writes them, in parts if need be; {@link
 * dev.pintle.sae.harvest.ActivationStore} reads them, in order or shuffled, in bounded memory.
 */
@NullMarked
package dev.pintle.sae.harvest;

import org.jspecify.annotations.NullMarked;
