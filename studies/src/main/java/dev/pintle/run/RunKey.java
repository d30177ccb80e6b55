package dev.pintle.run;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.TreeMap;

/**
 * What a run computes. Runs of equal keys give equal numbers, so an unfinished one can be resumed by the next.
 *
 * @param name what is run, such as {@code demo} or the name of a study
 * @param pintle version of the code
 * @param model name and revision or content hash
 * @param autoencoder name and content hash
 * @param settings everything else that changes a number: dtype, device, prompts, strengths, seed
 */
public record RunKey(String name, String pintle, String model, String autoencoder, JsonNode settings) {
    /** SHA-256 of all of it, in hexadecimal; regardless of the order of fields in the settings. */
    public String hash() {
        JsonNode all = JsonNodeFactory.instance
                .arrayNode()
                .addAll(List.of(text(name), text(pintle), text(model), text(autoencoder), sorted(settings)));
        try {
            MessageDigest sha = MessageDigest.getInstance("SHA-256");
            return HexFormat.of().formatHex(sha.digest(all.toString().getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java platform has SHA-256.", e);
        }
    }

    private static JsonNode text(String value) {
        return JsonNodeFactory.instance.textNode(value);
    }

    private static JsonNode sorted(JsonNode node) {
        if (node.isObject()) {
            TreeMap<String, JsonNode> fields = new TreeMap<>();
            node.properties().forEach(field -> fields.put(field.getKey(), sorted(field.getValue())));
            ObjectNode object = JsonNodeFactory.instance.objectNode();
            fields.forEach(object::set);
            return object;
        }
        if (node.isArray()) {
            ArrayNode array = JsonNodeFactory.instance.arrayNode();
            node.forEach(item -> array.add(sorted(item)));
            return array;
        }
        return node;
    }
}
