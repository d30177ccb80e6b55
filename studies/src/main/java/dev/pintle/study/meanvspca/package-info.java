/** The mean of the differences against their principal component. */
@NullMarked
package dev.pintle.study.meanvspca;

import org.jspecify.annotations.NullMarked;
