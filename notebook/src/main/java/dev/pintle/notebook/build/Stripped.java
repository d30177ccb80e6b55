package dev.pintle.notebook.build;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** Removes paths of this machine from output, so that built notebooks are reproducible. */
final class Stripped {
    private Stripped() {}

    static String of(String shown) {
        String text = shown;
        for (Map.Entry<String, String> place : places().entrySet()) {
            if (place.getKey().length() > 1) {
                text = text.replace(place.getKey(), place.getValue());
            }
        }
        return text;
    }

    /** Folders and their replacements, innermost first. */
    private static Map<String, String> places() {
        Map<String, String> places = new LinkedHashMap<>();
        places.put(System.getProperty("pintle.home", ""), ".");
        places.put(Path.of("").toAbsolutePath().toString(), ".");
        places.put(System.getProperty("java.io.tmpdir", ""), "tmp");
        places.put(System.getProperty("java.home", ""), "java");
        places.put(System.getProperty("user.home", ""), "~");
        return places;
    }
}
