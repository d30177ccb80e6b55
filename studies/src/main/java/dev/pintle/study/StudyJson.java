package dev.pintle.study;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationConfig;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.databind.introspect.AnnotatedMember;
import com.fasterxml.jackson.databind.introspect.BeanPropertyDefinition;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Settings and results as JSON, keys in snake case, numbers to the bit; NaN is written {@code "NaN"}. */
public final class StudyJson {
    private static final ObjectMapper JSON = JsonMapper.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
            .build();

    private static final String UNUSABLE = "The JSON cannot be used.";

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
            JsonNode tree = JSON.readTree(json);
            if (tree.isMissingNode()) {
                throw new IOException("It is empty.");
            }
            return value(tree, type, where);
        } catch (IOException e) {
            throw unusable(where, e);
        }
    }

    /**
     * Settings from a tree.
     *
     * @throws PintleException naming a key that is not known or missing, or a value that does not fit
     * @throws IllegalArgumentException naming a setting that cannot be used
     */
    static StudySettings settings(JsonNode tree, String where) {
        try {
            return value(tree, StudySettings.class, where);
        } catch (JsonProcessingException e) {
            for (Throwable cause = e.getCause(); cause != null; cause = cause.getCause()) {
                if (cause instanceof IllegalArgumentException refused) {
                    throw refused;
                }
            }
            throw unusable(where, e);
        }
    }

    private static <T> T value(JsonNode tree, Class<T> type, String where) throws JsonProcessingException {
        JsonNode now =
                type == StudySettings.class && tree instanceof ObjectNode old ? OlderResults.settings(old) : tree;
        requireKnown(now, type, where);
        return JSON.treeToValue(now, type);
    }

    // ---------------------------------------------------------------- keys

    /** Refuses a key that no nested record has: where some are unwrapped, Jackson itself lets every key pass. */
    private static void requireKnown(JsonNode tree, Class<?> type, String where) {
        List<String> known = new ArrayList<>();
        if (!keys(JSON.constructType(type), known)) {
            return;
        }
        tree.fieldNames().forEachRemaining(key -> {
            if (!known.contains(key)) {
                throw Problem.of(UNUSABLE)
                        .fact("where", where)
                        .fact("unknown key", key)
                        .fact("known keys", String.join(", ", known))
                        .toException();
            }
        });
    }

    /**
     * Collects the keys of a type.
     *
     * @return whether some are those of an unwrapped record
     */
    private static boolean keys(JavaType type, List<String> keys) {
        boolean unwrapped = false;
        DeserializationConfig config = JSON.getDeserializationConfig();
        for (BeanPropertyDefinition property : config.introspect(type).findProperties()) {
            AnnotatedMember member = property.getPrimaryMember();
            if (member != null && config.getAnnotationIntrospector().findUnwrappingNameTransformer(member) != null) {
                unwrapped = true;
                keys(property.getPrimaryType(), keys);
            } else {
                keys.add(property.getName());
            }
        }
        return unwrapped;
    }

    private static PintleException unusable(String where, IOException e) {
        Problem problem = Problem.of(UNUSABLE).fact("where", where);
        if (e instanceof UnrecognizedPropertyException unknown) {
            problem = problem.fact("unknown key", unknown.getPropertyName())
                    .fact("known keys", unknown.getKnownPropertyIds());
        } else {
            problem = problem.fact("cause", e);
        }
        return problem.toException(e);
    }
}
