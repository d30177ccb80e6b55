package dev.pintle.server.api;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.Json;
import dev.pintle.model.GeneratedToken.Alternative;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Numbers in JSON, which has no NaN and no infinity: they are null. */
public final class Numbers {
    private Numbers() {}

    /** Puts a number. */
    public static void put(ObjectNode node, String name, double value) {
        if (Double.isFinite(value)) {
            node.put(name, value);
        } else {
            node.putNull(name);
        }
    }

    /** Puts alternatives as {@code top: [[id, log-probability], …]}, if they were asked for. */
    public static void putTop(ObjectNode node, List<Alternative> alternatives, @Nullable Integer asked) {
        if (asked != null && asked > 0) {
            ArrayNode top = node.putArray("top");
            for (Alternative other : alternatives) {
                ArrayNode pair = top.addArray().add(other.id());
                if (Double.isFinite(other.logProbability())) {
                    pair.add(other.logProbability());
                } else {
                    pair.addNull();
                }
            }
        }
    }

    /** Maps, lists and plain values as a tree. */
    public static JsonNode tree(Object value) {
        try {
            return Json.parse(Json.line(value));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("What was written as JSON can be read.", e);
        }
    }
}
