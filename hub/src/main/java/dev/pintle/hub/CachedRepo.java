package dev.pintle.hub;

import java.nio.file.Path;
import java.util.List;

/**
 * One revision of a repository in the cache.
 *
 * @param name {@code org/name}
 * @param commit which commit
 * @param revisions branches and tags that mean this commit, as of the last download
 * @param folder its snapshot folder
 * @param bytes size of its files
 * @param complete whether all weights that its index lists are here; true where there is no model to judge
 */
public record CachedRepo(
        String name, String commit, List<String> revisions, Path folder, long bytes, boolean complete) {
    /** @param revisions copied */
    public CachedRepo {
        revisions = List.copyOf(revisions);
    }
}
