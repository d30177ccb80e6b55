/**
 * Sweeps and fits over many machines, on Apache Spark. A job is a list of tasks, each worth a model's loading; whatever the
 * number of executors and partitions, and whichever of them die, its outcome has the bits of the same work on one machine of
 * that kind.
 *
 * <p>The output folder is seen by the driver and by all executors. Every task writes beside its file and renames, so a task that
 * runs twice leaves one file, and what a file says is whole. Submitting a job again computes what is missing.
 */
@NullMarked
package dev.pintle.spark;

import org.jspecify.annotations.NullMarked;
