/**
 * What studies share: their settings and subject, the vectors, latents and texts that their results hold, and the page of a run.
 * Each {@link dev.pintle.study.Study} has a package of its own below this one; {@code dev.pintle.studies.Studies} lists them.
 */
@NullMarked
package dev.pintle.study;

import org.jspecify.annotations.NullMarked;
