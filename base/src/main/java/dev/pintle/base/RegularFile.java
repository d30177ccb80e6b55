package dev.pintle.base;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;

/**
 * Files that have an end. Opening a named pipe to read it waits for somebody to write, perhaps for ever, and a device may
 * give bytes without end; neither is what a path to a model or to data means.
 */
public final class RegularFile {
    private RegularFile() {}

    /**
     * Refuses what is no regular file.
     *
     * @throws java.nio.file.NoSuchFileException when there is nothing
     * @throws IOException with a sentence that says what is there instead
     */
    public static void require(Path file) throws IOException {
        BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
        if (!attributes.isRegularFile()) {
            throw new IOException(
                    attributes.isDirectory()
                            ? "It is a folder, not a file."
                            : "It is no ordinary file but a pipe, a socket or a device.");
        }
    }

    /** Opens a regular file to read it. @throws IOException as {@link #require} */
    public static FileChannel open(Path file) throws IOException {
        require(file);
        return FileChannel.open(file, StandardOpenOption.READ);
    }

    /** The text of a regular file in UTF-8. @throws IOException as {@link #require} */
    public static String text(Path file) throws IOException {
        require(file);
        return Files.readString(file);
    }
}
