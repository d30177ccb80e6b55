package dev.pintle.cli;

import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;

/** Where Pintle keeps what belongs to the user and not to a project. */
final class UserFolders {
    private UserFolders() {}

    /** Folder for data: that of the operating system's custom, or {@code XDG_DATA_HOME}. */
    static Path data() {
        return data(System.getenv(), System.getProperty("os.name", ""), Path.of(System.getProperty("user.home", "")));
    }

    static Path data(Map<String, String> environment, String system, Path home) {
        String xdg = environment.getOrDefault("XDG_DATA_HOME", "");
        String local = environment.getOrDefault("LOCALAPPDATA", "");
        String name = system.toLowerCase(Locale.ROOT);
        if (!xdg.isBlank()) {
            return Path.of(xdg, "pintle");
        }
        if (name.startsWith("windows") && !local.isBlank()) {
            return Path.of(local, "pintle");
        }
        return name.startsWith("mac")
                ? home.resolve("Library").resolve("Application Support").resolve("pintle")
                : home.resolve(".local").resolve("share").resolve("pintle");
    }
}
