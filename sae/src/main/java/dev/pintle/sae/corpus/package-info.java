/** Collections of texts that a model reads one by one: conversations and plain texts, from files of any size. */
@NullMarked
package dev.pintle.sae.corpus;

import org.jspecify.annotations.NullMarked;
