package dev.pintle.family;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.Excerpt;
import dev.pintle.base.ForeignFile;
import dev.pintle.base.ForeignJson;
import dev.pintle.base.GitLfs;
import dev.pintle.base.Json;
import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Reads config.json key by key and tracks which keys were understood, so that one that would change results is never
 * silently ignored.
 */
public final class ConfigReader {
    private static final int MOST_SHOWN = 10;
    private static final int MOST_LAYERS = 100_000;
    private static final long MOST_BYTES = 16L << 20;

    private final Path file;
    private final JsonNode root;
    private final String prefix; // of its keys in messages: "" or "text_config."
    private final Set<String> understood = new HashSet<>();
    private final Map<String, ConfigReader> inner = new LinkedHashMap<>(); // by key

    private ConfigReader(Path file, JsonNode root, String prefix) {
        this.file = file;
        this.root = root;
        this.prefix = prefix;
    }

    /**
     * @param file config.json
     * @throws PintleException if it is missing or not a JSON object
     */
    public static ConfigReader open(Path file) {
        return open(file, Set.of());
    }

    /**
     * @param ignored keys to treat as absent
     * @throws PintleException also if a key to be ignored does not exist
     */
    public static ConfigReader open(Path file, Set<String> ignored) {
        GitLfs.requireContent(file);
        try {
            ConfigReader whole = parse(ForeignFile.text(file, MOST_BYTES), file);
            return ignored.isEmpty() ? whole : whole.without(ignored);
        } catch (IOException e) {
            throw Problem.of("The model's configuration cannot be read.")
                    .fact("expected", "a folder in the Hugging Face format with config.json and *.safetensors")
                    .fact("missing", file.toAbsolutePath())
                    .fact("cause", ForeignFile.why(e))
                    .toException(e);
        }
    }

    /** @param file where the text comes from, for error messages */
    public static ConfigReader parse(String text, Path file) {
        try {
            JsonNode root = Json.parse(text);
            if (!root.isObject()) {
                throw Problem.of("The model's configuration is not a JSON object.")
                        .fact("file", file.toAbsolutePath())
                        .toException();
            }
            return new ConfigReader(file, root, "");
        } catch (JsonProcessingException e) {
            throw Problem.of("The model's configuration is not valid JSON.")
                    .fact("file", file.toAbsolutePath())
                    .fact("cause", ForeignJson.why(e))
                    .toException(e);
        }
    }

    private ConfigReader without(Set<String> ignored) {
        ObjectNode rest = (ObjectNode) root.deepCopy();
        for (String key : new TreeSet<>(ignored)) {
            String[] path = key.split("\\.", -1); // text_config.KEY
            JsonNode holder = rest;
            for (int i = 0; i < path.length - 1; i++) {
                holder = holder.path(path[i]);
            }
            if (!(holder instanceof ObjectNode object) || object.remove(path[path.length - 1]) == null) {
                throw Problem.of("The model's configuration has no such key to ignore.")
                        .fact("file", file.toAbsolutePath())
                        .fact("key", Excerpt.of(key))
                        .fact("try", "removing it from --ignore-config")
                        .toException();
            }
        }
        return new ConfigReader(file, rest, "");
    }

    /** The file, for error messages. */
    public Path file() {
        return file;
    }

    /** The {@code model_type}, or "" if absent. */
    public String modelType() {
        return root.path("model_type").asText("");
    }

    /** Whether the key exists and is not null. */
    public boolean has(String key) {
        understood.add(key);
        return root.hasNonNull(key);
    }

    /** Whether the key exists and holds a string. */
    public boolean isText(String key) {
        return has(key) && root.get(key).isTextual();
    }

    /** A required string. */
    public String text(String key) {
        JsonNode node = node(key);
        if (node == null || !node.isTextual()) {
            throw unexpected(key, "a string");
        }
        return node.textValue();
    }

    /** A required positive integer. */
    public int positive(String key) {
        JsonNode node = node(key);
        if (node == null || !node.isIntegralNumber() || !node.canConvertToInt() || node.intValue() < 1) {
            throw unexpected(key, "a positive integer");
        }
        return node.intValue();
    }

    /** A required number of layers; far more than any model has are refused before loops over them begin. */
    int layers(String key) {
        int layers = positive(key);
        if (layers > MOST_LAYERS) {
            throw unexpected(key, "a number of layers, at most " + MOST_LAYERS);
        }
        return layers;
    }

    /** A positive integer, or {@code otherwise} if the key is absent or null. */
    public int positiveOr(String key, int otherwise) {
        return has(key) ? positive(key) : otherwise;
    }

    /** A required finite number. */
    public double number(String key) {
        JsonNode node = node(key);
        if (node == null || !node.isNumber() || !Double.isFinite(node.doubleValue())) {
            throw unexpected(key, "a number");
        }
        return node.doubleValue();
    }

    /** A number, or {@code otherwise} if the key is absent or null. */
    public double numberOr(String key, double otherwise) {
        return has(key) ? number(key) : otherwise;
    }

    /** A number, or null if the key is absent or null. */
    public @Nullable Double numberOrNull(String key) {
        return has(key) ? (Double) number(key) : null;
    }

    /** A boolean, or {@code otherwise} if the key is absent or null. */
    public boolean flagOr(String key, boolean otherwise) {
        if (!has(key)) {
            return otherwise;
        }
        JsonNode node = root.get(key);
        if (!node.isBoolean()) {
            throw unexpected(key, "true or false");
        }
        return node.booleanValue();
    }

    /** A list of strings, or null if the key is absent or null. */
    public @Nullable List<String> stringsOrNull(String key) {
        if (!has(key)) {
            return null;
        }
        List<String> strings = new ArrayList<>();
        for (JsonNode node : root.get(key)) {
            if (!node.isTextual()) {
                throw unexpected(key, "a list of strings");
            }
            strings.add(node.textValue());
        }
        return strings;
    }

    /** A list of integers, or null if the key is absent or null. */
    public @Nullable List<Integer> wholeNumbersOrNull(String key) {
        if (!has(key)) {
            return null;
        }
        List<Integer> numbers = new ArrayList<>();
        for (JsonNode node : root.get(key)) {
            if (!node.isIntegralNumber() || !node.canConvertToInt()) {
                throw unexpected(key, "a list of integers");
            }
            numbers.add(node.intValue());
        }
        return numbers;
    }

    /** An object, or null if the key is absent or null. */
    public @Nullable JsonNode objectOrNull(String key) {
        if (!has(key)) {
            return null;
        }
        if (!root.get(key).isObject()) {
            throw unexpected(key, "an object");
        }
        return root.get(key);
    }

    /**
     * The configuration of a part, under a key of its own, as of the text model of one that also reads images. Its keys have
     * to be understood too.
     *
     * @param defaults values of keys that it does not state
     * @throws PintleException if there is none
     */
    public ConfigReader nested(String key, Map<String, Number> defaults) {
        JsonNode object = objectOrNull(key);
        if (object == null) {
            throw unexpected(key, "an object");
        }
        return inner.computeIfAbsent(key, k -> {
            ObjectNode whole = object.deepCopy();
            defaults.forEach((name, value) -> {
                if (!whole.hasNonNull(name)) {
                    whole.set(
                            name,
                            value instanceof Integer i ? IntNode.valueOf(i) : new DoubleNode(value.doubleValue()));
                }
            });
            return new ConfigReader(file, whole, prefix + k + ".");
        });
    }

    /** Requires that a string key, if present, has one of the supported values. */
    public void requireString(String key, String... allowed) {
        if (has(key) && !Arrays.asList(allowed).contains(root.get(key).asText())) {
            throw unexpected(key, String.join(" or ", allowed));
        }
    }

    /** Requires that a key, if present and not null, has exactly this number or boolean as its value. */
    public void requireValue(String key, Object allowed) {
        if (has(key) && !root.get(key).asText().equals(String.valueOf(allowed))) {
            throw unexpected(key, String.valueOf(allowed));
        }
    }

    /** @throws PintleException naming keys that were not read and may change what the model computes */
    public void requireAllUnderstood() {
        inner.values().forEach(ConfigReader::requireAllUnderstood);
        List<String> unknown = new ArrayList<>();
        root.fields().forEachRemaining(field -> {
            if (!understood.contains(field.getKey()) && !HarmlessKeys.include(field.getKey(), field.getValue())) {
                unknown.add(field.getKey());
            }
        });
        if (unknown.isEmpty()) {
            return;
        }
        Problem problem = Problem.of("The model's configuration has keys that are not understood.")
                .fact("file", file.toAbsolutePath());
        List<String> shown = unknown.subList(0, Math.min(MOST_SHOWN, unknown.size()));
        for (String key : shown) {
            problem = problem.fact("key", Excerpt.of(prefix + key) + " = " + Excerpt.of(String.valueOf(root.get(key))));
        }
        if (unknown.size() > shown.size()) {
            problem = problem.fact("key", "and " + (unknown.size() - shown.size()) + " more");
        }
        throw problem.fact(
                        "try",
                        "--ignore-config " + Excerpt.of(prefix + unknown.get(0))
                                + (unknown.size() > 1 ? ", and so on for each key," : "")
                                + " if it cannot change what the model computes")
                .toException();
    }

    /** The error for a key whose value cannot be used. */
    public PintleException unexpected(String key, String expected) {
        return problem(key, expected).toException();
    }

    /** The same problem, to which facts can be added. */
    public Problem problem(String key, String expected) {
        JsonNode found = root.get(key);
        return Problem.of("The model's configuration has a value that cannot be used.")
                .fact("file", file.toAbsolutePath())
                .fact("key", prefix + key)
                .fact("expected", expected)
                .fact("but was", found == null ? "absent" : Excerpt.of(found.toString()));
    }

    private @Nullable JsonNode node(String key) {
        return has(key) ? root.get(key) : null;
    }
}
