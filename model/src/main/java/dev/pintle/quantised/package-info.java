/**
 * Quantised checkpoints in the Hugging Face layout: what {@code quantization_config} says, and the tensors in which a weight is
 * stored. A weight's values are the file's; on a CPU it stays quantised where a {@link dev.pintle.tensor.BlockFormat} holds
 * these values exactly.
 */
@NullMarked
package dev.pintle.quantised;

import org.jspecify.annotations.NullMarked;
