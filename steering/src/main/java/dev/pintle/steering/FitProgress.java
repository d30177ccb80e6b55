package dev.pintle.steering;

/** Is told how far a fit has come. */
@FunctionalInterface
public interface FitProgress {
    /** Ignores progress. */
    FitProgress SILENT = (done, total) -> {};

    /**
     * @param done prompts read so far
     * @param total prompts to read
     */
    void at(long done, long total);
}
