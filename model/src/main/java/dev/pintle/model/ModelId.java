package dev.pintle.model;

/**
 * Identifies the model that produced a result.
 *
 * @param name as the user gave it: a repository id, {@code parley-7m} or a folder
 * @param revision the repository's commit, or {@code content-…}, a hash of configuration and weights
 */
public record ModelId(String name, String revision) {
    /** {@code name@revision}. */
    @Override
    public String toString() {
        return name + "@" + revision;
    }
}
