/** All positions of one pair against the last position of many. */
@NullMarked
package dev.pintle.study.allpositions;

import org.jspecify.annotations.NullMarked;
