/** A steering vector fitted to activations in which one latent was raised. */
@NullMarked
package dev.pintle.study.viasae;

import org.jspecify.annotations.NullMarked;
