package dev.pintle.model;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.pintle.problem.PintleException;
import dev.pintle.problem.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads config.json key by key and remembers which keys were understood, so that one which would change results is never
 * passed over in silence.
 */
public final class ConfigReader {
    /** Keys that say how a model was trained, stored or is served, and do not enter the forward pass. */
    private static final Set<String> HARMLESS = Set.of(
            "architectures",
            "model_type",
            "torch_dtype",
            "dtype",
            "transformers_version",
            "use_cache",
            "initializer_range",
            "attention_dropout",
            "_name_or_path",
            "bos_token_id",
            "eos_token_id",
            "pad_token_id",
            "unk_token_id",
            "embd_pdrop",
            "resid_pdrop",
            "cache_implementation",
            "auto_map",
            "_attn_implementation_autoset",
            "return_dict",
            "output_attentions",
            "output_hidden_states",
            "torchscript",
            "id2label",
            "label2id");

    private final Path file;
    private final JsonNode root;
    private final Set<String> understood = new HashSet<>(HARMLESS);

    private ConfigReader(Path file, JsonNode root) {
        this.file = file;
        this.root = root;
    }

    /**
     * @param file config.json
     * @throws PintleException if it is missing or not a JSON object
     */
    public static ConfigReader open(Path file) {
        try {
            return parse(Files.readString(file), file);
        } catch (IOException e) {
            throw Problem.of("The model's configuration cannot be read.")
                    .fact("expected", "a folder in the Hugging Face format with config.json and *.safetensors")
                    .fact("missing", file.toAbsolutePath())
                    .toException(e);
        }
    }

    /** @param file where the text comes from, for errors */
    static ConfigReader parse(String text, Path file) {
        try {
            JsonNode root = new ObjectMapper()
                    .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                    .readTree(text);
            if (root == null || !root.isObject()) {
                throw Problem.of("The model's configuration is not a JSON object.")
                        .fact("file", file.toAbsolutePath())
                        .toException();
            }
            return new ConfigReader(file, root);
        } catch (JsonProcessingException e) {
            throw Problem.of("The model's configuration is not valid JSON.")
                    .fact("file", file.toAbsolutePath())
                    .fact("cause", e.getOriginalMessage())
                    .toException(e);
        }
    }

    /** The file, for errors. */
    public Path file() {
        return file;
    }

    /** The {@code model_type}, or "" where it is absent. */
    String modelType() {
        return root.path("model_type").asText("");
    }

    /** Whether the key is there and not null. */
    public boolean has(String key) {
        understood.add(key);
        return root.hasNonNull(key);
    }

    /** A string that must be there. */
    public String text(String key) {
        JsonNode node = node(key);
        if (node == null || !node.isTextual()) {
            throw unexpected(key, "a string");
        }
        return node.textValue();
    }

    /** A whole number that must be there and positive. */
    public int positive(String key) {
        JsonNode node = node(key);
        if (node == null || !node.isIntegralNumber() || !node.canConvertToInt() || node.intValue() < 1) {
            throw unexpected(key, "a positive whole number");
        }
        return node.intValue();
    }

    /** A whole number, or {@code otherwise} where the key is absent or null. */
    public int positiveOr(String key, int otherwise) {
        return has(key) ? positive(key) : otherwise;
    }

    /** A number that must be there. */
    public double number(String key) {
        JsonNode node = node(key);
        if (node == null || !node.isNumber() || !Double.isFinite(node.doubleValue())) {
            throw unexpected(key, "a number");
        }
        return node.doubleValue();
    }

    /** A number, or {@code otherwise} where the key is absent or null. */
    public double numberOr(String key, double otherwise) {
        return has(key) ? number(key) : otherwise;
    }

    /** A number, or null where the key is absent or null. */
    public @Nullable Double numberOrNull(String key) {
        return has(key) ? (Double) number(key) : null;
    }

    /** A truth value, or {@code otherwise} where the key is absent or null. */
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

    /** A list of strings, or null where the key is absent or null. */
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

    /** An object, or null where the key is absent or null. */
    public @Nullable JsonNode objectOrNull(String key) {
        if (!has(key)) {
            return null;
        }
        if (!root.get(key).isObject()) {
            throw unexpected(key, "an object");
        }
        return root.get(key);
    }

    /** Insists that a string key, where present, has one of the values that are understood. */
    public void requireString(String key, String... allowed) {
        if (has(key) && !Arrays.asList(allowed).contains(root.get(key).asText())) {
            throw unexpected(key, String.join(" or ", allowed));
        }
    }

    /** Insists that a key, where present and not null, holds exactly this number or truth value. */
    public void requireValue(String key, Object allowed) {
        if (has(key) && !root.get(key).asText().equals(String.valueOf(allowed))) {
            throw unexpected(key, String.valueOf(allowed));
        }
    }

    /** Declares a key harmless for this family. */
    public void ignore(String... keys) {
        understood.addAll(Arrays.asList(keys));
    }

    /** @throws PintleException naming keys that nobody asked for */
    public void requireAllUnderstood() {
        List<String> unknown = new ArrayList<>();
        for (Iterator<Map.Entry<String, JsonNode>> fields = root.fields(); fields.hasNext(); ) {
            Map.Entry<String, JsonNode> field = fields.next();
            if (!understood.contains(field.getKey()) && !field.getValue().isNull()) {
                unknown.add(field.getKey() + " = " + field.getValue());
            }
        }
        if (!unknown.isEmpty()) {
            Problem problem = Problem.of("The model's configuration asks for something that is not understood.")
                    .fact("file", file.toAbsolutePath());
            for (String key : unknown) {
                problem = problem.fact("key", key);
            }
            throw problem.fact("try", "removing the key, if it cannot change what the model computes")
                    .toException();
        }
    }

    /** The error for a key whose value cannot be used. */
    public PintleException unexpected(String key, String expected) {
        JsonNode found = root.get(key);
        return Problem.of("The model's configuration has a value that cannot be used.")
                .fact("file", file.toAbsolutePath())
                .fact("key", key)
                .fact("expected", expected)
                .fact("but was", found == null ? "absent" : found)
                .toException();
    }

    private @Nullable JsonNode node(String key) {
        return has(key) ? root.get(key) : null;
    }
}
