package dev.pintle.study;

/** Is told how far a study has come. */
public interface Progress {
    /** Ignores it. */
    Progress SILENT = (stage, done, total) -> {};

    /**
     * Called at the start of a stage with {@code done = 0}, then after each of its parts.
     *
     * @param stage what is being done, as a short phrase
     */
    void at(String stage, int done, int total);
}
