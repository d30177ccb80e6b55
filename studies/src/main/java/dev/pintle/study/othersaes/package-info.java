/** The same vector and prompts through other autoencoders. */
@NullMarked
package dev.pintle.study.othersaes;

import org.jspecify.annotations.NullMarked;
