package dev.pintle.hub;

import java.util.List;

/**
 * The contents of a download.
 *
 * @param repo the repository as requested
 * @param commit the commit its revision currently points to
 * @param files the selected files, smallest first
 */
public record HubPlan(RepoId repo, String commit, List<HubFile> files) {
    /**
     * @param files copied
     */
    public HubPlan {
        files = List.copyOf(files);
    }

    /** Total size of the files. */
    public long bytes() {
        return files.stream().mapToLong(HubFile::bytes).sum();
    }

    /** Number of bytes that are not cached yet. */
    public long bytesMissing() {
        return files.stream().mapToLong(HubFile::bytesMissing).sum();
    }

    /** Number of files that are not cached yet. */
    public int filesMissing() {
        return (int) files.stream().filter(file -> file.bytesMissing() > 0).count();
    }
}
