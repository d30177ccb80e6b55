/**
 * The user's data folder. {@link dev.pintle.library.Library} finds models, vectors, autoencoders, labels and runs by name and
 * keeps new ones, for the command, a server or a notebook alike.
 */
@NullMarked
package dev.pintle.library;

import org.jspecify.annotations.NullMarked;
