/** Measures of what steering did: does the text show the concept, does it still read as text. */
@NullMarked
package dev.pintle.evaluation;

import org.jspecify.annotations.NullMarked;
