package dev.pintle.study;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** Results as earlier versions kept them, brought to what they are now. */
final class OlderResults {
    private OlderResults() {}

    /** The same result with what it lacks; what is not known is empty or no number. */
    static JsonNode now(String study, JsonNode result) {
        JsonNode now = result.deepCopy();
        if (now instanceof ObjectNode object) {
            if (study.equals("base") && !object.has("candidates")) {
                object.putArray("candidates");
            }
            if (study.equals("caa-via-sae-steering")) {
                object.remove("named");
            }
        }
        fill(study, now);
        return now;
    }

    private static void fill(String study, JsonNode node) {
        if (node instanceof ObjectNode object) {
            boolean text = object.has("question") && object.has("perplexity") && object.has("loops");
            if (text && !object.has("broken")) {
                object.put("broken", "");
            }
            if (text && object.has("coefficient") && !object.has("strength")) {
                object.put("strength", Double.NaN);
            }
            if (study.equals("caa-via-sae-steering") && object.has("mixed_error") && !object.has("concept")) {
                object.putArray("concept");
            }
        }
        node.forEach(child -> fill(study, child));
    }
}
