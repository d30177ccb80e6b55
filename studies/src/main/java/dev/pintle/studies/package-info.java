/** The list of studies: Pintle's own and those that other jars bring. */
@NullMarked
package dev.pintle.studies;

import org.jspecify.annotations.NullMarked;
