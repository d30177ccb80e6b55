/**
 * Models in GGUF files: their metadata as the configuration, tokenizer and chat template that Hugging Face would have, and
 * their tensors under the names that families know.
 */
@NullMarked
package dev.pintle.gguf;

import org.jspecify.annotations.NullMarked;
