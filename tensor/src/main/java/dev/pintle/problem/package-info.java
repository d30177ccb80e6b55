/** What went wrong, said the same way everywhere: a sentence, then facts. */
@NullMarked
package dev.pintle.problem;

import org.jspecify.annotations.NullMarked;
