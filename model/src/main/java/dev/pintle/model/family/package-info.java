/** One file per family of models: the configuration keys it understands, its weight names and its wiring. */
@NullMarked
package dev.pintle.model.family;

import org.jspecify.annotations.NullMarked;
