package dev.pintle.library.steer;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.databind.JsonNode;
import dev.pintle.base.JsonRecords;
import dev.pintle.transformer.HookPoint;
import java.util.ArrayList;
import java.util.List;

/**
 * Where something acts: a layer, whose residual stream after the block is meant, a hook point, or a list of these.
 *
 * @param points at least one, each once
 */
public record Places(List<HookPoint> points) {
    /** Copies the list. */
    public Places {
        points = List.copyOf(points);
    }

    /** @throws dev.pintle.base.FieldException unless it is one of the forms */
    @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
    static Places of(JsonNode json) {
        List<HookPoint> points = new ArrayList<>();
        if (json.isArray()) {
            for (int i = 0; i < json.size(); i++) {
                HookPoint point = point(json.get(i), "[" + i + "]");
                if (points.contains(point)) {
                    throw JsonRecords.wrong("[" + i + "]", "each hook point once", json.get(i));
                }
                points.add(point);
            }
        } else {
            points.add(point(json, ""));
        }
        if (points.isEmpty()) {
            throw JsonRecords.wrong("", "at least one layer or hook point", json);
        }
        return new Places(points);
    }

    private static HookPoint point(JsonNode json, String path) {
        if (json.isTextual()) {
            return HookPoint.parse(json.textValue());
        }
        if (!json.isInt() || json.intValue() < 0) {
            throw JsonRecords.wrong(
                    path, "a layer, counted from 0, or a hook point such as blocks.3.hook_resid_post", json);
        }
        return HookPoint.residPost(json.intValue());
    }
}
