package dev.pintle.base;

/** Is told how far a piece of work has come: a fit, a study, a download of labels. */
@FunctionalInterface
public interface Progress {
    /** Ignores it. */
    Progress SILENT = (stage, done, total) -> {};

    /**
     * Called as a stage begins, with what is done already, and again after each of its parts.
     *
     * @param stage what is being done, as a short phrase
     * @param done parts done so far, such as prompts read
     * @param total parts of the stage
     */
    void at(String stage, long done, long total);
}
