/** What a steering vector is made of. */
@NullMarked
package dev.pintle.study.base;

import org.jspecify.annotations.NullMarked;
