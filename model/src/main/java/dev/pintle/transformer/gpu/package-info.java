/** The same blocks as kernels of our own: fused for prompts, recorded as one CUDA graph a token for decoding. */
@NullMarked
package dev.pintle.transformer.gpu;

import org.jspecify.annotations.NullMarked;
