package dev.pintle.study;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** Results as earlier versions kept them, brought to what they are now. */
final class OlderResults {
    private OlderResults() {}

    /** The same result with what it lacks; what is not known is empty. */
    static JsonNode now(String study, JsonNode result) {
        if (!(result instanceof ObjectNode old)) {
            return result;
        }
        ObjectNode now = old.deepCopy();
        switch (study) {
            case "base" -> {
                if (!now.has("candidates")) {
                    now.putArray("candidates");
                }
            }
            case "caa-via-sae-steering" -> {
                now.remove("named");
                if (!now.has("concept")) {
                    now.putArray("concept");
                }
            }
            default -> {
                return result;
            }
        }
        return now;
    }
}
