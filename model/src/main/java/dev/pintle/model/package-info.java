/**
 * Loaded language models: {@link dev.pintle.model.LanguageModel} runs tokens, captures activations and
 * generates, with the hooks of a view or of a single request.
 */
@NullMarked
package dev.pintle.model;

import org.jspecify.annotations.NullMarked;
