/** Small databases in the user's data folder. */
@NullMarked
package dev.pintle.sae.store;

import org.jspecify.annotations.NullMarked;
