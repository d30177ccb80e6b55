package dev.pintle.spark;

import java.io.Serializable;

/**
 * A part of a job that an executor computes. It leaves its outcome in the output folder before it returns, so that a driver that
 * dies loses nothing.
 *
 * @param <R> what the driver hears of it, serializable
 */
interface Task<R> extends Serializable {
    /** What is computed, for messages. */
    String what();

    /**
     * Computes it.
     *
     * @throws ElsewhereException if another executor may succeed
     */
    R compute();
}
