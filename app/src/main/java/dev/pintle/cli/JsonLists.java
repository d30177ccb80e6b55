package dev.pintle.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.pintle.problem.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Lists of strings in JSON files. */
final class JsonLists {
    private JsonLists() {}

    static List<String> strings(Path file) {
        try {
            JsonNode root = new ObjectMapper().readTree(Files.readString(file));
            List<String> strings = new ArrayList<>();
            for (JsonNode item : root) {
                if (!item.isTextual()) {
                    throw unusable(file, "item " + strings.size() + " is " + item);
                }
                strings.add(item.textValue());
            }
            if (!root.isArray() || strings.isEmpty()) {
                throw unusable(file, root.isArray() ? "an empty list" : "no list");
            }
            return strings;
        } catch (JsonProcessingException e) {
            throw unusable(file, "not JSON: " + e.getOriginalMessage());
        } catch (IOException e) {
            throw unusable(file, e.toString());
        }
    }

    private static RuntimeException unusable(Path file, String found) {
        return Problem.of("The list cannot be read.")
                .fact("file", file.toAbsolutePath())
                .fact("expected", "a JSON list of strings")
                .fact("but was", found)
                .toException();
    }
}
