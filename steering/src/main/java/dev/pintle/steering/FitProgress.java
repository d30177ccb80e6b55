package dev.pintle.steering;

/** Hears how far a fit has come. */
@FunctionalInterface
public interface FitProgress {
    /** Hears nothing. */
    FitProgress SILENT = (done, total) -> {};

    /**
     * @param done prompts read so far;
     * @param total prompts to read
     */
    void at(long done, long total);
}
