/** Benchmarks: medians of several runs beside the machine's own limits, measured in the same run. */
@NullMarked
package dev.pintle.bench;

import org.jspecify.annotations.NullMarked;
