/** Runs of studies on disk: kept stage by stage, resumed after a stop, found and compared later. */
@NullMarked
package dev.pintle.run;

import org.jspecify.annotations.NullMarked;
