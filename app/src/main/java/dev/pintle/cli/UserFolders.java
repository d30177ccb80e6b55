package dev.pintle.cli;

import dev.pintle.base.Problem;
import dev.pintle.steering.files.VectorLibrary;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;

/** Where Pintle keeps what belongs to the user and not to a project. */
final class UserFolders {
    private UserFolders() {}

    /** The user's named vectors. */
    static VectorLibrary vectors() {
        return VectorLibrary.in(data().resolve("vectors"));
    }

    /** Folder for data: {@code PINTLE_DATA}, else below {@code XDG_DATA_HOME}, else where the system's custom puts it. */
    static Path data() {
        return data(System.getenv(), System.getProperty("os.name", ""), Path.of(System.getProperty("user.home", "")));
    }

    /** A variable that names a file, or a place below one, says so before anything is written. */
    private static Path folder(String variable, Path folder) {
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

    static Path data(Map<String, String> environment, String system, Path home) {
        String own = environment.getOrDefault("PINTLE_DATA", "");
        if (!own.isBlank()) {
            return folder("PINTLE_DATA", Path.of(own));
        }
        String xdg = environment.getOrDefault("XDG_DATA_HOME", "");
        String local = environment.getOrDefault("LOCALAPPDATA", "");
        String name = system.toLowerCase(Locale.ROOT);
        if (!xdg.isBlank()) {
            return folder("XDG_DATA_HOME", Path.of(xdg, "pintle"));
        }
        if (name.startsWith("windows") && !local.isBlank()) {
            return Path.of(local, "pintle");
        }
        return name.startsWith("mac")
                ? home.resolve("Library").resolve("Application Support").resolve("pintle")
                : home.resolve(".local").resolve("share").resolve("pintle");
    }
}
