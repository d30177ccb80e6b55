/** Studies: experiments with typed settings and a record as result. */
@NullMarked
package dev.pintle.study;

import org.jspecify.annotations.NullMarked;
