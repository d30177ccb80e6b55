/**
 * OpenAI's routes: chat completions, completions and models, with the fields that steer, report and capture. What a
 * request asks is a record; what it comes to is one or more generations of the model's engine.
 */
@NullMarked
package dev.pintle.server.openai;

import org.jspecify.annotations.NullMarked;
