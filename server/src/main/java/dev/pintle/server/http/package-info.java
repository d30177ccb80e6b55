/**
 * The HTTP layer over the JDK's own server: who may call, routes, strict JSON in, errors in OpenAI's form, events out. It
 * knows nothing of models.
 */
@NullMarked
package dev.pintle.server.http;

import org.jspecify.annotations.NullMarked;
