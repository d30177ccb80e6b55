/** How well each vector steers, and what that costs. */
@NullMarked
package dev.pintle.study.quality;

import org.jspecify.annotations.NullMarked;
