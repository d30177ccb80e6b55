package dev.pintle.base;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.cfg.CoercionAction;
import com.fasterxml.jackson.databind.cfg.CoercionInputShape;
import com.fasterxml.jackson.databind.exc.InvalidFormatException;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.databind.exc.ValueInstantiationException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.type.LogicalType;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/**
 * Turns JSON into records, strictly: a field that the record does not have and a value of another type are refused, with
 * the path of the field. Numbers are not taken for texts, nor texts for numbers.
 */
public final class JsonRecords {
    private static final JsonMapper MAPPER = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
            .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
            .withCoercionConfig(
                    LogicalType.Textual,
                    texts -> texts.setCoercion(CoercionInputShape.Integer, CoercionAction.Fail)
                            .setCoercion(CoercionInputShape.Float, CoercionAction.Fail)
                            .setCoercion(CoercionInputShape.Boolean, CoercionAction.Fail))
            .build();

    private static final Map<Class<?>, String> NAMES = Map.of(
            String.class, "a text",
            Integer.class, "a whole number",
            int.class, "a whole number",
            Long.class, "a whole number",
            Double.class, "a number",
            double.class, "a number",
            Boolean.class, "true or false",
            boolean.class, "true or false");

    private JsonRecords() {}

    /**
     * Reads a record.
     *
     * @param path where the JSON stands, for messages; empty for a whole document
     * @throws FieldException naming the field that does not fit
     */
    public static <T> T read(JsonNode json, Class<T> type, String path) {
        requireKnown(json, type, path);
        try {
            T value = MAPPER.treeToValue(json, type);
            if (value == null) {
                throw wrong(path, "an object", json);
            }
            return value;
        } catch (JsonProcessingException e) {
            throw explained(e, json, path);
        }
    }

    /** Before values are looked at, since a mistyped field would otherwise be reported as a missing one. */
    private static void requireKnown(JsonNode json, Class<?> type, String path) {
        if (!type.isRecord()) {
            return;
        }
        List<String> known = fields(type);
        for (Iterator<String> names = json.fieldNames(); names.hasNext(); ) {
            String name = names.next();
            if (!known.contains(name)) {
                throw unknown(join(path, name), name, known);
            }
        }
    }

    /** The names of a record's fields in JSON, sorted. */
    public static List<String> fields(Class<?> type) {
        return Arrays.stream(type.getRecordComponents())
                .map(JsonRecords::name)
                .sorted()
                .toList();
    }

    private static String name(RecordComponent component) {
        JsonProperty given = component.getAnnotation(JsonProperty.class);
        if (given == null) {
            given = component.getAccessor().getAnnotation(JsonProperty.class);
        }
        return given == null ? component.getName() : given.value();
    }

    private static FieldException explained(JsonProcessingException e, JsonNode json, String path) {
        String at = e instanceof JsonMappingException mapping ? path(path, mapping.getPath()) : path;
        JsonNode found = e instanceof JsonMappingException mapping ? at(json, mapping.getPath()) : json;
        if (e instanceof UnrecognizedPropertyException unknown) {
            List<String> known = unknown.getKnownPropertyIds().stream()
                    .map(String::valueOf)
                    .sorted()
                    .toList();
            return unknown(at, unknown.getPropertyName(), known);
        }
        if (e instanceof ValueInstantiationException && e.getCause() instanceof FieldException inner) {
            return new FieldException(
                    join(at, inner.path()), withField(inner.problem(), join(at, inner.path())), inner);
        }
        if (e instanceof ValueInstantiationException && e.getCause() instanceof IllegalArgumentException inner) {
            return new FieldException(at, Problem.of(String.valueOf(inner.getMessage())), inner);
        }
        if (e instanceof InvalidFormatException invalid) {
            return wrong(at, name(invalid.getTargetType()), found);
        }
        if (e instanceof MismatchedInputException mismatched) {
            return wrong(at, name(mismatched.getTargetType()), found);
        }
        return new FieldException(at, Problem.of("This JSON cannot be used.").fact("cause", ForeignJson.why(e)), e);
    }

    private static Problem withField(Problem problem, String path) {
        Problem fresh = Problem.of(problem.sentence());
        for (Map.Entry<String, List<String>> fact : problem.facts().entrySet()) {
            for (String value : fact.getValue()) {
                fresh = fresh.fact(fact.getKey(), fact.getKey().equals("field") ? path : value);
            }
        }
        return fresh;
    }

    /** A field that does not exist. */
    public static FieldException unknown(String path, String name, List<String> known) {
        Problem problem = Problem.of("There is no such field.").fact("field", path);
        List<String> nearest = Nearest.to(name, known);
        return new FieldException(
                path,
                nearest.isEmpty()
                        ? problem.fact("known fields", String.join(", ", known))
                        : problem.fact("nearest", String.join(", ", nearest)));
    }

    /** A value of the wrong kind. */
    public static FieldException wrong(String path, String expected, JsonNode found) {
        return new FieldException(
                path,
                Problem.of("The field has the wrong type.")
                        .fact("field", path.isEmpty() ? "the whole document" : path)
                        .fact("expected", expected)
                        .fact("but was", Excerpt.of(found.isMissingNode() ? "nothing" : found.toString())));
    }

    private static String name(Class<?> type) {
        if (type == null) {
            return "another value";
        }
        return NAMES.getOrDefault(type, List.class.isAssignableFrom(type) ? "a list" : "an object");
    }

    private static JsonNode at(JsonNode json, List<JsonMappingException.Reference> path) {
        JsonNode node = json;
        for (JsonMappingException.Reference step : path) {
            node = step.getFieldName() == null ? node.path(step.getIndex()) : node.path(step.getFieldName());
        }
        return node;
    }

    private static String path(String start, List<JsonMappingException.Reference> steps) {
        String path = start;
        for (JsonMappingException.Reference step : steps) {
            path = step.getFieldName() == null ? path + "[" + step.getIndex() + "]" : join(path, step.getFieldName());
        }
        return path;
    }

    /** A path and what comes after it. */
    public static String join(String path, String more) {
        return path.isEmpty() || more.isEmpty() || more.startsWith("[") ? path + more : path + "." + more;
    }
}
