package dev.pintle.base;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;

/**
 * Reads and writes plain JSON. Reading is strict: text after the document and a key that is in an object twice are errors, since of
 * two statements one would be lost.
 */
public final class Json {
    private static final JsonMapper MAPPER = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private Json() {}

    /** An empty object. */
    public static ObjectNode object() {
        return JsonNodeFactory.instance.objectNode();
    }

    /** An empty list. */
    public static ArrayNode array() {
        return JsonNodeFactory.instance.arrayNode();
    }

    /**
     * The one document in a file.
     *
     * @throws JsonProcessingException if it is not JSON, or empty
     * @throws IOException if the file can't be read or is not UTF-8
     */
    public static JsonNode file(Path file) throws IOException {
        return parse(RegularFile.text(file));
    }

    /**
     * The one document in a text.
     *
     * @throws JsonProcessingException if it is not JSON, or empty
     */
    public static JsonNode parse(String text) throws JsonProcessingException {
        JsonNode root = MAPPER.readTree(text);
        if (root.isMissingNode()) {
            throw new JsonProcessingException("There is nothing in it.") {};
        }
        return root;
    }

    /** A tree, a map or list of plain values, or a record, on one line. */
    public static String line(Object value) {
        try {
            return MAPPER.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("Plain values can always be written.", e);
        }
    }

    /** A tree, a map or list of plain values, or a record, indented. */
    public static String text(Object value) {
        try {
            return MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("Plain values can always be written.", e);
        }
    }
}
