package dev.pintle.spark;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.Json;
import dev.pintle.base.JsonLines;
import dev.pintle.base.Problem;
import dev.pintle.evaluation.Concept;
import dev.pintle.evaluation.ConceptPrompts;
import dev.pintle.evaluation.StyleMarker;
import dev.pintle.hub.Variables;
import dev.pintle.web.ChatEndpoint;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * A concept of a sweep: the system prompts that a vector is fitted from, and how answers are scored.
 *
 * @param json the same as one line, which travels to executors
 */
public record ConceptSpec(String json) implements Serializable {
    /** Nothing is looked for. */
    public static final ConceptSpec NONE = new ConceptSpec("{}");

    private static final List<String> SCORES = List.of("marker", "continuations", "choices", "judge");
    private static final Set<String> KEYS = Set.of(
            "name",
            "positive",
            "negative",
            "prefixes",
            "style",
            "marker",
            "continuations",
            "choices",
            "judge",
            "endpoint",
            "concept");
    private static final String FORM =
            "{\"name\", \"positive\", \"negative\", \"prefixes\"} with one of marker, continuations, choices and judge,"
                    + " or {\"style\"}";

    /**
     * A style of the embedded model, with its prompts and marker.
     *
     * @throws IllegalArgumentException listing the styles, if there is none of that name
     */
    public static ConceptSpec ofStyle(String name) {
        StyleMarker style = StyleMarker.embedded(name);
        ObjectNode json = Json.object().put("name", name).put("style", name);
        json.put("positive", "The assistant should " + style.ask() + ".");
        json.put("marker", style.marker().pattern());
        return new ConceptSpec(Json.line(json));
    }

    /**
     * How answers are scored, without prompts that a vector is fitted from. A judge is asked at the same address with the key that
     * executors have in their environment.
     */
    static ConceptSpec of(Concept concept) {
        ObjectNode json = Json.object();
        if (concept instanceof Concept.Marked marked) {
            json.put("style", marked.style().name())
                    .put("marker", marked.style().marker().pattern());
        } else if (concept instanceof Concept.Judged judged) {
            json.put("judge", judged.judge().model())
                    .put("endpoint", judged.judge().base().toString())
                    .put("concept", judged.what());
        }
        return new ConceptSpec(Json.line(json));
    }

    /**
     * Reads concepts, one JSON object a line: {@code name}, {@code positive} and optionally {@code negative} (system prompts) and
     * {@code prefixes} (of answers, for methods that read them), and how answers are scored, one of {@code marker} (a regular
     * expression), {@code continuations} ({@code {"target": […], "neutral": […]}}), {@code choices} (a list of items with {@code
     * question}, {@code answer_matching_behavior} and {@code answer_not_matching_behavior}), and {@code judge} (a model, with
     * {@code endpoint} and {@code concept}). Or {@code style}: one of the embedded model's.
     *
     * @throws dev.pintle.base.PintleException naming the line that cannot be used
     */
    public static List<ConceptSpec> read(Path file) {
        List<ConceptSpec> concepts = new ArrayList<>();
        Set<String> names = new TreeSet<>();
        for (JsonLines.Line line : lines(file)) {
            try {
                ConceptSpec concept = of(line.json());
                concept.concept();
                concept.prompts();
                if (!names.add(concept.name())) {
                    throw new IllegalArgumentException("another line has the name " + concept.name());
                }
                concepts.add(concept);
            } catch (IllegalArgumentException e) {
                throw Problem.of("A concept cannot be used.")
                        .fact("file", file.toAbsolutePath())
                        .fact("line", line.number())
                        .fact("expected", FORM)
                        .fact("cause", e.getMessage())
                        .toException(e);
            }
        }
        if (concepts.isEmpty()) {
            throw Problem.of("The file has no concepts.")
                    .fact("file", file.toAbsolutePath())
                    .fact("expected", "one JSON object a line: " + FORM)
                    .toException();
        }
        return concepts;
    }

    private static List<JsonLines.Line> lines(Path file) {
        try {
            return JsonLines.read(file, FORM);
        } catch (IOException e) {
            throw Problem.of("The concepts cannot be read.")
                    .fact("file", file.toAbsolutePath())
                    .fact("cause", e)
                    .toException(e);
        }
    }

    private static ConceptSpec of(JsonNode json) {
        if (!json.isObject()) {
            throw new IllegalArgumentException("it is no object");
        }
        for (Iterator<String> keys = json.fieldNames(); keys.hasNext(); ) {
            String key = keys.next();
            if (!KEYS.contains(key)) {
                throw new IllegalArgumentException("there is no key " + key);
            }
        }
        if (json.has("style")) {
            if (json.size() > 1) {
                throw new IllegalArgumentException("a style comes with its prompts and marker");
            }
            return ofStyle(json.path("style").asText());
        }
        for (String key : List.of("name", "positive")) {
            if (!json.path(key).isTextual() || json.path(key).textValue().isBlank()) {
                throw new IllegalArgumentException(key + " is missing");
            }
        }
        if (SCORES.stream().filter(json::has).count() != 1) {
            throw new IllegalArgumentException("there is not one of " + String.join(", ", SCORES));
        }
        return new ConceptSpec(Json.line(json));
    }

    /** What the concept is called. */
    public String name() {
        return node().path("name").textValue();
    }

    private JsonNode node() {
        try {
            return Json.parse(json);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The prompts that vectors are fitted from. */
    ConceptPrompts prompts() {
        JsonNode node = node();
        return new ConceptPrompts(
                node.path("positive").textValue(),
                node.path("negative").asText(ConceptPrompts.NEUTRAL),
                texts(node.path("prefixes")));
    }

    /** How answers are scored. */
    Concept concept() {
        JsonNode node = node();
        if (node.isEmpty()) {
            return new Concept.Unscored();
        }
        if (node.has("continuations")) {
            JsonNode both = node.get("continuations");
            return new Concept.Continuations(texts(both.path("target")), texts(both.path("neutral")));
        }
        if (node.has("choices")) {
            Map<String, Concept.Choices.Choice> choices = new LinkedHashMap<>();
            for (JsonNode item : node.get("choices")) {
                choices.put(
                        text(item, "question"),
                        new Concept.Choices.Choice(
                                text(item, "answer_matching_behavior").strip(),
                                text(item, "answer_not_matching_behavior").strip()));
            }
            return new Concept.Choices(choices);
        }
        if (node.has("judge")) {
            return new Concept.Judged(
                    ChatEndpoint.of(node.path("endpoint").asText(""), text(node, "judge"), Variables.ofProcess()),
                    node.path("concept").asText(node.path("positive").textValue()));
        }
        String style = node.path("style").asText("given");
        try {
            return new Concept.Marked(new StyleMarker(style, "", Pattern.compile(text(node, "marker"))));
        } catch (PatternSyntaxException e) {
            throw new IllegalArgumentException("the marker is not a regular expression: " + e.getDescription(), e);
        }
    }

    /** The questions that are asked: those of multiple-choice items, else the given ones. */
    List<String> questions(List<String> given) {
        return concept() instanceof Concept.Choices items
                ? List.copyOf(items.choices().keySet())
                : given;
    }

    private static String text(JsonNode node, String key) {
        if (!node.path(key).isTextual()) {
            throw new IllegalArgumentException(key + " is missing");
        }
        return node.path(key).textValue();
    }

    private static List<String> texts(JsonNode list) {
        return StreamSupport.stream(list.spliterator(), false)
                .flatMap(text -> text.isTextual() ? Stream.of(text.textValue()) : Stream.empty())
                .toList();
    }
}
