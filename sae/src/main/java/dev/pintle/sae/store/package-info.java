/** Small databases of the user's. */
@NullMarked
package dev.pintle.sae.store;

import org.jspecify.annotations.NullMarked;
