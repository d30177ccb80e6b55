package dev.pintle.server.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.Json;
import dev.pintle.base.JsonRecords;
import dev.pintle.base.Problem;
import dev.pintle.server.http.HttpProblem;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/**
 * The body of an OpenAI request, sorted: what is accepted and has no effect is listed, what is not supported is refused
 * unless it asks for nothing, and a field that is not known is refused, since a mistyped one would be ignored in silence.
 */
final class Body {
    /** Fields that concern OpenAI's own service. */
    private static final Set<String> WITHOUT_EFFECT = Set.of(
            "user",
            "metadata",
            "store",
            "service_tier",
            "safety_identifier",
            "prompt_cache_key",
            "reasoning_effort",
            "verbosity");

    /** Fields that are not supported, and the values that ask for nothing. */
    private static final Map<String, Predicate<JsonNode>> UNSUPPORTED = unsupported();

    private static final List<String> NEVER_IGNORED = List.of("steer", "vector", "latent", "capture", "twin");

    private final ObjectNode fields;
    private final List<String> ignored;

    private Body(ObjectNode fields, List<String> ignored) {
        this.fields = fields;
        this.ignored = ignored;
    }

    private static Map<String, Predicate<JsonNode>> unsupported() {
        Predicate<JsonNode> none = json -> json.isContainerNode() && json.isEmpty();
        Predicate<JsonNode> zero = json -> json.isNumber() && json.doubleValue() == 0;
        Map<String, Predicate<JsonNode>> fields = new LinkedHashMap<>();
        fields.put("response_format", json -> json.path("type").asText().equals("text"));
        fields.put("tools", none);
        fields.put("functions", none);
        fields.put(
                "tool_choice",
                json -> json.asText().equals("none") || json.asText().equals("auto"));
        fields.put("function_call", json -> json.asText().equals("none"));
        fields.put("parallel_tool_calls", JsonNode::isBoolean);
        fields.put(
                "modalities",
                json -> json.isArray()
                        && json.size() == 1
                        && json.get(0).asText().equals("text"));
        fields.put("prediction", none);
        fields.put("audio", none);
        fields.put("web_search_options", none);
        fields.put("presence_penalty", zero);
        fields.put("frequency_penalty", zero);
        fields.put("logit_bias", none);
        fields.put("suffix", json -> json.asText().isEmpty());
        fields.put("best_of", json -> json.isInt() && json.intValue() == 1);
        return fields;
    }

    /**
     * Sorts a body.
     *
     * @param records the records that will be read from it
     * @param lenient whether unknown fields are ignored, and said to be
     * @throws HttpProblem for a field that is unknown or unsupported
     */
    static Body of(JsonNode json, List<Class<? extends Record>> records, boolean lenient) {
        if (!json.isObject()) {
            throw JsonRecords.wrong("", "an object", json);
        }
        List<String> known = records.stream()
                .flatMap(type -> JsonRecords.fields(type).stream())
                .sorted()
                .toList();
        ObjectNode fields = Json.object();
        List<String> ignored = new ArrayList<>();
        json.fields().forEachRemaining(field -> {
            String name = field.getKey();
            if (field.getValue().isNull()) {
                return;
            }
            if (known.contains(name)) {
                fields.set(name, field.getValue());
            } else if (WITHOUT_EFFECT.contains(name)) {
                ignored.add(name);
            } else if (UNSUPPORTED.containsKey(name)) {
                requireNothing(name, field.getValue());
            } else if (lenient && NEVER_IGNORED.stream().noneMatch(name::startsWith)) {
                ignored.add(name);
            } else {
                throw JsonRecords.unknown(name, name, known);
            }
        });
        return new Body(fields, ignored);
    }

    private static void requireNothing(String name, JsonNode value) {
        Predicate<JsonNode> asksForNothing = UNSUPPORTED.get(name);
        if (asksForNothing != null && !asksForNothing.test(value)) {
            throw HttpProblem.field(
                    name,
                    "unsupported_parameter",
                    Problem.of("This server does not support the field.").fact("field", name));
        }
    }

    /** Gives fields that are absent. */
    void defaults(ObjectNode defaults) {
        defaults.fields().forEachRemaining(field -> {
            if (!fields.has(field.getKey())) {
                fields.set(field.getKey(), field.getValue());
            }
        });
    }

    /** The fields that a record has. */
    <T extends Record> T read(Class<T> type) {
        ObjectNode own = Json.object();
        for (String name : JsonRecords.fields(type)) {
            if (fields.has(name)) {
                own.set(name, fields.get(name));
            }
        }
        return JsonRecords.read(own, type, "");
    }

    /** Whether a field is given. */
    boolean has(String name) {
        return fields.has(name);
    }

    /** What was accepted and has no effect. */
    List<String> ignored() {
        return ignored;
    }
}
