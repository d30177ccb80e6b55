/**
 * Steering vectors in files, with one class per format: Pintle's own and those of other tools.
 * {@link dev.pintle.steering.files.VectorFiles} reads and writes them; {@link dev.pintle.steering.files.VectorLibrary}
 * stores them by name.
 */
@NullMarked
package dev.pintle.steering.files;

import org.jspecify.annotations.NullMarked;
