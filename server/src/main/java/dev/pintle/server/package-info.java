/**
 * An HTTP server that OpenAI's clients can use unchanged, and steer: {@link dev.pintle.server.PintleServer}. Answers come from
 * one {@link dev.pintle.model.GenerationEngine} a model, so that requests share steps without sharing numbers.
 */
@NullMarked
package dev.pintle.server;

import org.jspecify.annotations.NullMarked;
