/** The {@code pintle} command. */
@NullMarked
package dev.pintle.cli;

import org.jspecify.annotations.NullMarked;
