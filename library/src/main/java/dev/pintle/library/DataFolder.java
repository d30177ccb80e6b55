package dev.pintle.library;

import dev.pintle.base.Problem;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;

/** Where Pintle keeps what belongs to the user and not to a project. */
final class DataFolder {
    private DataFolder() {}

    /** {@code PINTLE_DATA}, else below {@code XDG_DATA_HOME}, else the operating system's usual place. */
    static Path find() {
        return find(System.getenv(), System.getProperty("os.name", ""), Path.of(System.getProperty("user.home", "")));
    }

    static Path find(Map<String, String> environment, String system, Path home) {
        String own = environment.getOrDefault("PINTLE_DATA", "");
        if (!own.isBlank()) {
            return requireFolder("PINTLE_DATA", Path.of(own));
        }
        String xdg = environment.getOrDefault("XDG_DATA_HOME", "");
        if (!xdg.isBlank()) {
            return requireFolder("XDG_DATA_HOME", Path.of(xdg, "pintle"));
        }
        String name = system.toLowerCase(Locale.ROOT);
        String local = environment.getOrDefault("LOCALAPPDATA", "");
        if (name.startsWith("windows") && !local.isBlank()) {
            return Path.of(local, "pintle");
        }
        return name.startsWith("mac")
                ? home.resolve("Library").resolve("Application Support").resolve("pintle")
                : home.resolve(".local").resolve("share").resolve("pintle");
    }

    /** A variable that names a file, or a path below one, is refused before anything is written. */
    private static Path requireFolder(String variable, Path folder) {
        for (Path part = folder.toAbsolutePath(); part != null; part = part.getParent()) {
            if (Files.exists(part) && !Files.isDirectory(part)) {
                throw Problem.of("The folder for data is a file, or lies below one.")
                        .fact(variable, folder)
                        .fact("file", part)
                        .fact("expected", "a folder, which is made where it is missing")
                        .toException();
            }
        }
        return folder;
    }
}
