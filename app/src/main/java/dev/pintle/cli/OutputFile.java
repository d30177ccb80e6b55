package dev.pintle.cli;

import dev.pintle.base.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** Checks whether a file can be written, before the work rather than after it. */
final class OutputFile {
    private OutputFile() {}

    /**
     * Checks a file's name, and creates its folder if that is missing.
     *
     * @param endings the accepted extensions; none accepts any
     * @throws IllegalArgumentException if the extension is another
     * @throws dev.pintle.base.PintleException if the file could not be written
     */
    static void require(Path file, String... endings) {
        String name = String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
        if (endings.length > 0 && List.of(endings).stream().noneMatch(name::endsWith)) {
            throw Problem.of("The file has the wrong extension.")
                    .fact("file", file)
                    .fact("expected", "a name that ends in " + String.join(" or ", endings))
                    .toIllegalArgument();
        }
        if (Files.isDirectory(file)) {
            throw Problem.of("The output file is an existing folder.")
                    .fact("folder", file.toAbsolutePath())
                    .fact("try", "a file in it, or another name")
                    .toException();
        }
        Path folder = file.toAbsolutePath().getParent();
        if (folder != null) { // null only for a root
            requireFolder(folder);
        }
    }

    /** Checks that a folder is writable, creating it if it is missing. */
    static void requireFolder(Path folder) {
        try {
            Files.createDirectories(folder);
            Path probe = Files.createTempFile(folder, ".", ".probe");
            Files.delete(probe);
        } catch (IOException e) {
            throw Problem.of("The folder is not writable.")
                    .fact("folder", folder)
                    .fact("cause", e)
                    .fact("try", "a folder that you can write to")
                    .toException(e);
        }
    }
}
