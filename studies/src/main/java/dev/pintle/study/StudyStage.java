package dev.pintle.study;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * A study that was run, as it is kept.
 *
 * @param study its name
 * @param seconds how long it took
 * @param result what it found
 */
public record StudyStage(String study, double seconds, StudyResult result) {
    /** As it is kept. */
    public byte[] json() {
        return StudyJson.bytes(this);
    }

    /**
     * Reads back what was kept.
     *
     * @param where a name for it in errors
     * @throws dev.pintle.base.PintleException if it is not a stage of a study that is known
     */
    public static StudyStage read(byte[] json, String where) {
        JsonNode tree = StudyJson.read(json, JsonNode.class, where);
        Study<?> study = Study.parse(tree.path("study").asText()).get(0);
        return new StudyStage(
                study.name(),
                tree.path("seconds").asDouble(),
                StudyJson.read(
                        StudyJson.bytes(OlderResults.now(study.name(), tree.path("result"))),
                        study.resultType(),
                        where));
    }
}
