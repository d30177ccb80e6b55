package dev.pintle.base;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;

/**
 * Access to regular files only. Opening a named pipe blocks until something writes to it, and a device may return
 * endless data; a path to a model or a data file should never be either.
 */
public final class RegularFile {
    private RegularFile() {}

    /**
     * Requires a regular file.
     *
     * @throws java.nio.file.NoSuchFileException if the file does not exist
     * @throws IOException if it is something else, with a sentence that says what
     */
    public static void require(Path file) throws IOException {
        BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
        if (!attributes.isRegularFile()) {
            throw new IOException(
                    attributes.isDirectory()
                            ? "It is a folder, not a file."
                            : "It is a pipe, a socket or a device, not a regular file.");
        }
    }

    /** Opens a regular file for reading. @throws IOException as {@link #require} */
    public static FileChannel open(Path file) throws IOException {
        require(file);
        return FileChannel.open(file, StandardOpenOption.READ);
    }

    /** Reads a regular file as UTF-8 text. @throws IOException as {@link #require} */
    public static String text(Path file) throws IOException {
        require(file);
        return Files.readString(file);
    }
}
