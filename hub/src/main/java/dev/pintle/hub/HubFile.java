package dev.pintle.hub;

/**
 * A file of a repository.
 *
 * @param path its name there, with slashes
 * @param bytes its size
 * @param bytesMissing how much of it is not in the cache yet
 */
public record HubFile(String path, long bytes, long bytesMissing) {}
