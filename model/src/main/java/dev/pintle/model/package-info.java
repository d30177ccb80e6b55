/**
 * Loaded language models: {@link dev.pintle.model.LanguageModel} runs tokens, reads activations and generates, with the hooks of
 * a view or of one request.
 */
@NullMarked
package dev.pintle.model;

import org.jspecify.annotations.NullMarked;
