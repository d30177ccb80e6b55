package dev.pintle.server.openai;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.model.GeneratedToken.Alternative;
import dev.pintle.server.http.JsonNumbers;
import java.util.List;

/** The most probable tokens in a token's place, as our own fields give them. */
public final class Alternatives {
    private Alternatives() {}

    /** Puts {@code top: [[id, log-probability], …]}. */
    public static void put(ObjectNode node, List<Alternative> alternatives) {
        ArrayNode top = node.putArray("top");
        for (Alternative other : alternatives) {
            JsonNumbers.add(top.addArray().add(other.id()), other.logProbability());
        }
    }
}
