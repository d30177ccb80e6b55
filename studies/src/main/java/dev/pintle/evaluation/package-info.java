/** Measures of what steering did: whether texts show the concept, and whether they still read as text. */
@NullMarked
package dev.pintle.evaluation;

import org.jspecify.annotations.NullMarked;
