package dev.pintle.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Shows a file to the user with whatever the system opens such files with. */
final class Desktop {
    private Desktop() {}

    /** Shows it where there is a desktop; elsewhere, or if that fails, nothing happens. */
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
            // the path has been printed; who has no opener opens it by hand
        }
    }

    /** The command that opens it; empty where there is no desktop. */
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
