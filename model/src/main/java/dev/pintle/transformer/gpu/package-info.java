/** The same blocks with custom kernels: fused for prompts, and recorded as one CUDA graph per token for decoding. */
@NullMarked
package dev.pintle.transformer.gpu;

import org.jspecify.annotations.NullMarked;
