package dev.pintle.cli;

import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Opens files and addresses in the default application of the desktop. */
final class Desktop {
    private Desktop() {}

    /** Opens a file or an address if there is a desktop; without one, or on failure, does nothing. */
    static void show(String target) {
        List<String> command = command(System.getenv(), System.getProperty("os.name", ""), target);
        if (command.isEmpty()) {
            return;
        }
        try {
            new ProcessBuilder(command)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
        } catch (IOException e) {
            // it has been printed, so the user can open it by hand
        }
    }

    /** The command that opens a file or an address; empty if there is no desktop. */
    static List<String> command(Map<String, String> environment, String system, String target) {
        String name = system.toLowerCase(Locale.ROOT);
        if (name.startsWith("windows")) {
            return List.of("rundll32", "url.dll,FileProtocolHandler", target);
        }
        if (name.startsWith("mac")) {
            return List.of("open", target);
        }
        boolean desktop = !environment.getOrDefault("DISPLAY", "").isEmpty()
                || !environment.getOrDefault("WAYLAND_DISPLAY", "").isEmpty();
        return desktop ? List.of("xdg-open", target) : List.of();
    }
}
