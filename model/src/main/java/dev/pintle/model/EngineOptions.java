package dev.pintle.model;

import dev.pintle.base.Problem;

/**
 * How an engine generates for many callers.
 *
 * @param mostWaiting requests that may wait while others run; more are refused
 * @param mostRows rows that run together, at most; never more than 64 on a CPU and 256 on a GPU
 * @param roomBytes what keys and values of rows that run may take together; never more than half of the Java heap, or 3/16 of a
 *     GPU's memory
 * @param cacheBytes what keys and values of earlier prompts and answers may take, the least recently used being dropped
 *     first; never more than half of the room; 0 for none
 * @param fast whether the bits of a request's numbers may depend on how many others run beside it, where that makes steps of
 *     many rows faster: with more than 8 rows on a GPU, where short prompts are then also run together
 */
public record EngineOptions(int mostWaiting, int mostRows, long roomBytes, long cacheBytes, boolean fast) {
    /** 64 requests may wait, as many rows run as can, nothing is kept, and bits do not depend on other requests. */
    public static final EngineOptions DEFAULT = new EngineOptions(64, Integer.MAX_VALUE, Long.MAX_VALUE, 0, false);

    /** @throws IllegalArgumentException naming the number that is out of range */
    public EngineOptions {
        require("requests that may wait", mostWaiting, 0);
        require("rows", mostRows, 1);
        require("bytes for keys and values", roomBytes, 1);
        require("bytes of a cache", cacheBytes, 0);
    }

    private static void require(String what, long found, long least) {
        if (found < least) {
            throw Problem.of("An option of an engine is out of range.")
                    .fact("option", what)
                    .fact("expected", least + " or more")
                    .fact("but was", found)
                    .toIllegalArgument();
        }
    }

    /** A copy with another number of requests that may wait. */
    public EngineOptions waiting(int requests) {
        return new EngineOptions(requests, mostRows, roomBytes, cacheBytes, fast);
    }

    /** A copy with another number of rows. */
    public EngineOptions rows(int most) {
        return new EngineOptions(mostWaiting, most, roomBytes, cacheBytes, fast);
    }

    /** A copy with other room for keys and values. */
    public EngineOptions room(long bytes) {
        return new EngineOptions(mostWaiting, mostRows, bytes, cacheBytes, fast);
    }

    /** A copy that keeps keys and values of earlier prompts and answers. */
    public EngineOptions keeping(long bytes) {
        return new EngineOptions(mostWaiting, mostRows, roomBytes, bytes, fast);
    }

    /** A copy that is fast, or exact. */
    public EngineOptions fast(boolean isFast) {
        return new EngineOptions(mostWaiting, mostRows, roomBytes, cacheBytes, isFast);
    }
}
