package dev.pintle.study;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.steering.Strength;

/**
 * JSON of earlier versions, converted to what is written now. What only one study has is converted by its {@link Study#update};
 * here is what studies share.
 */
final class OlderResults {
    private OlderResults() {}

    /** A copy of a study's result with the fields that it lacks; what is not known is empty or NaN. */
    static JsonNode now(Study<?> study, JsonNode result) {
        JsonNode now = result.deepCopy();
        if (now instanceof ObjectNode object) {
            study.update(object);
        }
        texts(now);
        return now;
    }

    /** {@link SteeredText}s had no strength, and did not say why an answer was cut short. */
    private static void texts(JsonNode node) {
        if (node instanceof ObjectNode object
                && object.has("question")
                && object.has("perplexity")
                && object.has("loops")) {
            if (!object.has("broken")) {
                object.put("broken", "");
            }
            if (object.has("coefficient") && !object.has("strength")) {
                object.put("strength", Double.NaN);
            }
        }
        node.forEach(OlderResults::texts);
    }

    /**
     * Settings whose factor was {@code coefficient} now say it as a strength. Where that was 0 or missing, {@code strength}
     * held activation norms, as it does now.
     */
    static ObjectNode settings(ObjectNode settings) {
        if (!settings.path("coefficient").isNumber()) {
            return settings;
        }
        ObjectNode now = settings.deepCopy();
        double coefficient = now.remove("coefficient").doubleValue();
        return coefficient == 0
                ? now
                : now.put("strength", Strength.factor(coefficient).toString());
    }
}
