/** Routes of our own, under {@code /pintle/v1}: vectors and names, presets, autoencoders, texts, scores, activations. */
@NullMarked
package dev.pintle.server.api;

import org.jspecify.annotations.NullMarked;
