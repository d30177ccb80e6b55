package dev.pintle.base;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/** Reads JSON files that contain a list. */
public final class JsonLists {
    private static final int MAX_SHOWN = 60;

    private JsonLists() {}

    public static List<String> strings(Path file) {
        return items(file, "a JSON list of strings", JsonNode::isTextual).stream()
                .map(JsonNode::textValue)
                .toList();
    }

    public static int[] ints(Path file) {
        return items(file, "a JSON list of integers", JsonNode::isInt).stream()
                .mapToInt(JsonNode::intValue)
                .toArray();
    }

    private static List<JsonNode> items(Path file, String expected, Predicate<JsonNode> fits) {
        try {
            JsonNode root = Json.file(file);
            List<JsonNode> items = new ArrayList<>();
            for (JsonNode item : root) {
                if (!fits.test(item)) {
                    throw unusable(file, expected, "item " + items.size() + " is " + shortened(item.toString()));
                }
                items.add(item);
            }
            if (!root.isArray() || items.isEmpty()) {
                throw unusable(file, expected, root.isArray() ? "an empty list" : "not a list");
            }
            return items;
        } catch (JsonProcessingException e) {
            throw unusable(file, expected, "not JSON: " + ForeignJson.why(e));
        } catch (IOException e) {
            throw unusable(file, expected, ForeignFile.why(e));
        }
    }

    private static String shortened(String text) {
        return text.length() <= MAX_SHOWN ? text : text.substring(0, MAX_SHOWN) + "…";
    }

    private static RuntimeException unusable(Path file, String expected, String found) {
        return Problem.of("The list cannot be read.")
                .fact("file", file.toAbsolutePath())
                .fact("expected", expected)
                .fact("but was", found)
                .toException();
    }
}
