package dev.pintle.cli;

import dev.pintle.base.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** Whether a file can be written, found out before the work and not after it. */
final class OutputFile {
    private OutputFile() {}

    /**
     * Makes the file's folder where it is missing.
     *
     * @param endings of which the name has one; none for any
     * @throws dev.pintle.base.PintleException if it could not be written
     */
    static void require(Path file, String... endings) {
        String name = String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
        if (endings.length > 0 && List.of(endings).stream().noneMatch(name::endsWith)) {
            throw Problem.of("The file has the wrong ending.")
                    .fact("file", file)
                    .fact("expected", "a name that ends in " + String.join(" or ", endings))
                    .toIllegalArgument();
        }
        if (Files.isDirectory(file)) {
            throw Problem.of("A folder has the name of the file to write.")
                    .fact("folder", file.toAbsolutePath())
                    .fact("try", "a file in it, or another name")
                    .toException();
        }
        Path folder = file.toAbsolutePath().getParent();
        if (folder != null) { // as every file has
            requireFolder(folder);
        }
    }

    /** A folder that is there, or can be made, and can be written to. */
    static void requireFolder(Path folder) {
        try {
            Files.createDirectories(folder);
            Path probe = Files.createTempFile(folder, ".", ".probe");
            Files.delete(probe);
        } catch (IOException e) {
            throw Problem.of("Nothing can be written there.")
                    .fact("folder", folder)
                    .fact("cause", e)
                    .fact("try", "a folder that can be written")
                    .toException(e);
        }
    }
}
