package dev.pintle.server.serving;

/**
 * How requests of a model are generated.
 *
 * @param mostWaiting requests that may wait while others run
 * @param cacheBytes keys and values of earlier prompts that are kept at most; 0 for none
 * @param fast whether an answer's bits may depend on how many others are generated beside it, where that is faster
 */
public record EngineSettings(int mostWaiting, long cacheBytes, boolean fast) {
    /** What is served unless something else is asked for: 64 requests may wait, and 256 MiB are kept. */
    public static final EngineSettings DEFAULT = new EngineSettings(64, 256L << 20, false);
}
