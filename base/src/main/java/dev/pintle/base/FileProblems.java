package dev.pintle.base;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** File errors in the wording shared by all readers. */
public final class FileProblems {
    private FileProblems() {}

    /** Starts an error about a file. */
    public static Problem of(String sentence, Path path) {
        return Problem.of(sentence).fact("file", path.toAbsolutePath());
    }

    /** The error for a file that cannot be read. */
    public static PintleException unreadable(Path path, IOException e) {
        if (e instanceof NoSuchFileException) {
            return of("There is no such file.", path).toException(e);
        }
        if (Files.isDirectory(path)) {
            return of("This is a folder, not a file.", path).toException(e);
        }
        return of("The file cannot be read.", path).fact("cause", Excerpt.of(e)).toException(e);
    }
}
