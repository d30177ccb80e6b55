package dev.pintle.hub;

import java.util.List;

/**
 * What a download would bring.
 *
 * @param repo the repository as it was asked for
 * @param commit what its revision means now
 * @param files the chosen files, the smallest first
 */
public record HubPlan(RepoId repo, String commit, List<HubFile> files) {
    /** @param files copied */
    public HubPlan {
        files = List.copyOf(files);
    }

    /** Size of all files. */
    public long bytes() {
        return files.stream().mapToLong(HubFile::bytes).sum();
    }

    /** How much is not in the cache yet. */
    public long bytesMissing() {
        return files.stream().mapToLong(HubFile::bytesMissing).sum();
    }

    /** How many files are not in the cache yet. */
    public int filesMissing() {
        return (int) files.stream().filter(file -> file.bytesMissing() > 0).count();
    }
}
