package dev.pintle.server.openai;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.databind.JsonNode;
import dev.pintle.base.JsonRecords;
import dev.pintle.library.steer.SteeringSpec;

/**
 * What acts on a second row that is fed the same tokens: {@code "unsteered"} or {@code {"steering": […]}}.
 *
 * @param steering nothing for the unsteered model
 */
public record Twin(SteeringSpec steering) {
    @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
    static Twin of(JsonNode json) {
        if (json.isTextual() && json.textValue().equals("unsteered")) {
            return new Twin(SteeringSpec.none());
        }
        if (!json.isObject() || json.size() != 1 || !json.has("steering")) {
            throw JsonRecords.wrong("", "\"unsteered\" or {\"steering\": […]}", json);
        }
        return new Twin(SteeringSpec.of(json.get("steering"), "steering"));
    }
}
