package dev.pintle.evaluation;

import com.fasterxml.jackson.databind.JsonNode;
import dev.pintle.base.Json;
import dev.pintle.base.Problem;
import dev.pintle.hub.ModelFolders;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * A style that is recognised by its words.
 *
 * @param name such as {@code pirate}
 * @param ask how a system prompt asks for it: {@code talk like a pirate}
 * @param marker found in a text that shows it
 */
public record StyleMarker(String name, String ask, Pattern marker) {
    /** Whether a text shows the style and does not loop. */
    public boolean shows(String text) {
        return marker.matcher(text).find() && !Loops.in(text);
    }

    /**
     * Reads a JSON object of styles: {@code {"pirate": {"ask": "talk like a pirate", "marker": "(?i)\\barr\\b"}}}.
     *
     * @return by name, in the file's order
     * @throws dev.pintle.base.PintleException naming the style that cannot be used
     */
    public static Map<String, StyleMarker> read(Path file) {
        try {
            JsonNode root = Json.file(file);
            Map<String, StyleMarker> styles = new LinkedHashMap<>();
            for (Iterator<Map.Entry<String, JsonNode>> it = root.fields(); it.hasNext(); ) {
                Map.Entry<String, JsonNode> entry = it.next();
                JsonNode style = entry.getValue();
                if (!style.path("ask").isTextual() || !style.path("marker").isTextual()) {
                    throw unusable(file, entry.getKey(), "an object with ask and marker");
                }
                styles.put(entry.getKey(), of(file, entry.getKey(), style));
            }
            return styles;
        } catch (IOException e) {
            throw Problem.of("The styles cannot be read.")
                    .fact("file", file.toAbsolutePath())
                    .fact("cause", e)
                    .toException(e);
        }
    }

    /**
     * A style that the embedded model was taught.
     *
     * @throws dev.pintle.base.PintleException if this installation has no embedded model
     * @throws IllegalArgumentException listing the styles, if it was not taught this one
     */
    public static StyleMarker embedded(String name) {
        Path file = ModelFolders.embeddedFile("styles.json")
                .orElseThrow(() -> Problem.of("Styles come with the embedded model, which is missing.")
                        .fact("try", "a system prompt and a marker of your own")
                        .toException());
        return find(file, name);
    }

    /** @throws IllegalArgumentException listing the styles of the file, if it has not this one */
    public static StyleMarker find(Path file, String name) {
        Map<String, StyleMarker> styles = read(file);
        StyleMarker wanted = styles.get(name);
        if (wanted == null) {
            throw Problem.of("The embedded model was not taught that style.")
                    .fact("but was", name)
                    .fact("choose", String.join(", ", styles.keySet()))
                    .toIllegalArgument();
        }
        return wanted;
    }

    private static StyleMarker of(Path file, String name, JsonNode style) {
        try {
            return new StyleMarker(
                    name,
                    style.get("ask").textValue(),
                    Pattern.compile(style.get("marker").textValue()));
        } catch (PatternSyntaxException e) {
            throw unusable(file, name, "a regular expression: " + e.getDescription());
        }
    }

    private static RuntimeException unusable(Path file, String name, String expected) {
        return Problem.of("A style cannot be used.")
                .fact("file", file.toAbsolutePath())
                .fact("style", name)
                .fact("expected", expected)
                .toException();
    }
}
