package dev.pintle.study;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** Settings and results as JSON, keys in snake case, numbers to the bit; what is no number is written {@code "NaN"}. */
public final class StudyJson {
    private static final ObjectMapper JSON = JsonMapper.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
            .build();

    private StudyJson() {}

    /** A value as a tree. */
    public static JsonNode tree(Object value) {
        return JSON.valueToTree(value);
    }

    /** A value as indented text. */
    public static String text(Object value) {
        try {
            return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("Records of plain values have JSON.", e);
        }
    }

    /** A value as bytes to be kept. */
    public static byte[] bytes(Object value) {
        return text(value).getBytes(StandardCharsets.UTF_8);
    }

    /**
     * Reads back what was kept.
     *
     * @param where a name for it in errors
     * @throws PintleException if it is not such a value
     */
    public static <T> T read(byte[] json, Class<T> type, String where) {
        try {
            if (type == StudySettings.class && JSON.readTree(json) instanceof ObjectNode old) {
                return JSON.treeToValue(OlderResults.settings(old), type);
            }
            return JSON.readValue(json, type);
        } catch (IOException e) {
            throw unusable(where, e);
        }
    }

    /** Settings from a tree; a key that is not known is an error. */
    static StudySettings settings(JsonNode tree, String where) {
        try {
            return JSON.treeToValue(tree, StudySettings.class);
        } catch (JsonProcessingException e) {
            if (e.getCause() instanceof IllegalArgumentException cause) {
                throw cause;
            }
            throw unusable(where, e);
        }
    }

    private static PintleException unusable(String where, IOException e) {
        Problem problem = Problem.of("The JSON cannot be used.").fact("where", where);
        if (e instanceof UnrecognizedPropertyException unknown) {
            problem = problem.fact("unknown key", unknown.getPropertyName())
                    .fact("known keys", unknown.getKnownPropertyIds());
        } else {
            problem = problem.fact("cause", e);
        }
        return problem.toException(e);
    }
}
