/** Where models come from: folders, and the model that travels with Pintle. */
@NullMarked
package dev.pintle.hub;

import org.jspecify.annotations.NullMarked;
