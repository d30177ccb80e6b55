package dev.pintle.tensor.io;

import dev.pintle.problem.PintleException;
import dev.pintle.problem.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** What every reader says the same way. */
final class FileProblems {
    private FileProblems() {}

    /** Begins an error about a file. */
    static Problem of(String sentence, Path path) {
        return Problem.of(sentence).fact("file", path.toAbsolutePath());
    }

    static PintleException unreadable(Path path, IOException e) {
        if (e instanceof NoSuchFileException) {
            return of("There is no such file.", path).toException(e);
        }
        if (Files.isDirectory(path)) {
            return of("This is a folder, not a file.", path).toException(e);
        }
        return of("The file cannot be read.", path)
                .fact("cause", Names.shown(String.valueOf(e)))
                .toException(e);
    }
}
