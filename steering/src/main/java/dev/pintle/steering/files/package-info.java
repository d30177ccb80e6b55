/**
 * Steering vectors in files, one class a format: Pintle's own and those of other tools. {@link
 * dev.pintle.steering.files.VectorFiles} reads and writes them; {@link dev.pintle.steering.files.VectorLibrary} keeps them by
 * name.
 */
@NullMarked
package dev.pintle.steering.files;

import org.jspecify.annotations.NullMarked;
