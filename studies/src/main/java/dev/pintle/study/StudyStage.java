package dev.pintle.study;

import com.fasterxml.jackson.annotation.JsonValue;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.Problem;
import dev.pintle.report.Chapter;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A study that has run, as it is kept.
 *
 * @param seconds how long it took
 * @param result what it found
 */
public record StudyStage<R extends StudyResult>(Study<R> study, double seconds, R result) {
    /** As it is kept. */
    public byte[] json() {
        return StudyJson.bytes(tree());
    }

    @JsonValue
    ObjectNode tree() {
        ObjectNode tree = JsonNodeFactory.instance.objectNode();
        tree.put("study", study.name()).put("seconds", seconds);
        tree.set("result", StudyJson.tree(result));
        return tree;
    }

    /** What a report says of it. */
    public Told told(Shown shown) {
        return study.tell(result, shown);
    }

    /** Its chapter of a report. */
    public Chapter chapter(Shown shown) {
        return chapter(told(shown));
    }

    Chapter chapter(Told told) {
        return new Chapter(study.name(), study.title(), study.asks(), told.claimed(), told.findings(), told.elements());
    }

    /**
     * Reads back a stage of a study.
     *
     * @param where a name for it in errors
     * @throws dev.pintle.base.PintleException if it is not a stage of that study
     */
    public static <R extends StudyResult> StudyStage<R> read(Study<R> study, byte[] json, String where) {
        JsonNode tree = StudyJson.read(json, JsonNode.class, where);
        JsonNode result = OlderResults.now(study, tree.path("result"));
        return new StudyStage<>(
                study,
                tree.path("seconds").asDouble(),
                StudyJson.read(StudyJson.bytes(result), study.resultType(), where));
    }

    /**
     * Reads back a stage of one of some studies, which it names.
     *
     * @param where a name for it in errors
     * @throws dev.pintle.base.PintleException if none of them has its name, or it is not a stage of that study
     */
    public static StudyStage<?> read(List<Study<?>> studies, byte[] json, String where) {
        String name = StudyJson.read(json, JsonNode.class, where).path("study").asText();
        for (Study<?> study : studies) {
            if (study.name().equals(name)) {
                return read(study, json, where);
            }
        }
        throw Problem.of("The run holds a study that is not known here.")
                .fact("where", where)
                .fact("but was", name)
                .fact("known", studies.stream().map(Study::name).collect(Collectors.joining(", ")))
                .fact("try", "the jar that holds the study on the class path")
                .toException();
    }
}
