/** One file per family of models: the configuration keys it understands, its weight names and its wiring. */
@NullMarked
package dev.pintle.family;

import org.jspecify.annotations.NullMarked;
