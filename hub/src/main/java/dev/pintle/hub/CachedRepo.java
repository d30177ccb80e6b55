package dev.pintle.hub;

import java.nio.file.Path;
import java.util.List;

/**
 * One cached revision of a repository.
 *
 * @param name {@code org/name}
 * @param commit the commit
 * @param revisions branches and tags that pointed to this commit at the last download
 * @param folder its snapshot folder
 * @param bytes total size of its files
 * @param complete whether all weights listed in its index are present; true if there is no model to check
 */
public record CachedRepo(
        String name, String commit, List<String> revisions, Path folder, long bytes, boolean complete) {
    /** @param revisions copied */
    public CachedRepo {
        revisions = List.copyOf(revisions);
    }
}
