package dev.pintle.hub;

/**
 * A file of a repository.
 *
 * @param path its path in the repository, with slashes
 * @param bytes its size
 * @param bytesMissing how much of it is not cached yet
 */
public record HubFile(String path, long bytes, long bytesMissing) {}
