/** A study as another jar would bring it. */
@NullMarked
package dev.pintle.example;

import org.jspecify.annotations.NullMarked;
