package dev.pintle.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Opens files in the default application of the desktop. */
final class Desktop {
    private Desktop() {}

    /** Opens a file if there is a desktop; without one, or on failure, does nothing. */
    static void show(Path file) {
        List<String> command = command(System.getenv(), System.getProperty("os.name", ""), file);
        if (command.isEmpty()) {
            return;
        }
        try {
            new ProcessBuilder(command)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
        } catch (IOException e) {
            // the path has been printed, so the user can open it by hand
        }
    }

    /** The command that opens a file; empty if there is no desktop. */
    static List<String> command(Map<String, String> environment, String system, Path file) {
        String name = system.toLowerCase(Locale.ROOT);
        if (name.startsWith("windows")) {
            return List.of("rundll32", "url.dll,FileProtocolHandler", file.toString());
        }
        if (name.startsWith("mac")) {
            return List.of("open", file.toString());
        }
        boolean desktop = !environment.getOrDefault("DISPLAY", "").isEmpty()
                || !environment.getOrDefault("WAYLAND_DISPLAY", "").isEmpty();
        return desktop ? List.of("xdg-open", file.toString()) : List.of();
    }
}
