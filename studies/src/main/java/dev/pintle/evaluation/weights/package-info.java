/** What differs between two sets of weights of one model, as a file and its quantised copy. */
@NullMarked
package dev.pintle.evaluation.weights;

import org.jspecify.annotations.NullMarked;
