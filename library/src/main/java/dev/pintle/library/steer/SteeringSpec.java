package dev.pintle.library.steer;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.pintle.base.FieldException;
import dev.pintle.base.ForeignJson;
import dev.pintle.base.JsonRecords;
import dev.pintle.base.Problem;
import dev.pintle.base.RegularFile;
import dev.pintle.model.LanguageModel;
import dev.pintle.text.TokenizedPrompt;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is to be done to the residual stream: a list of entries. At one hook point they act in this order; hook points
 * follow the forward pass.
 *
 * <pre>
 * [{"vector": "pirate", "strength": 0.45, "positions": "generated"},
 *  {"sae": "parley-7m-sae-l3", "latent": 146, "op": "add", "value": 4}]
 * </pre>
 *
 * @param entries in order
 */
public record SteeringSpec(List<SteeringEntry> entries) {
    /** Limits of a specification that is read from a file or an option; inline vectors are long texts. */
    private static final ForeignJson.Limits LIMITS = new ForeignJson.Limits(1_000_000, 32, 64 << 20);

    /** Copies the list. */
    public SteeringSpec {
        entries = List.copyOf(entries);
    }

    /** Nothing is done. */
    public static SteeringSpec none() {
        return new SteeringSpec(List.of());
    }

    /**
     * From JSON.
     *
     * @param json a list of entries
     * @param path where it stands, for messages, such as {@code steering}
     * @throws FieldException naming the field that can't be used
     */
    public static SteeringSpec of(JsonNode json, String path) {
        if (!json.isArray()) {
            throw JsonRecords.wrong(path, "a list of entries", json);
        }
        List<SteeringEntry> entries = new ArrayList<>();
        for (int i = 0; i < json.size(); i++) {
            String at = path + "[" + i + "]";
            if (!json.get(i).isObject()) {
                throw JsonRecords.wrong(
                        at, "an object such as {\"vector\": \"pirate\", \"strength\": 0.45}", json.get(i));
            }
            entries.add(JsonRecords.read(json.get(i), SteeringEntry.class, at));
        }
        return new SteeringSpec(entries);
    }

    /**
     * From JSON itself, or a file that holds it.
     *
     * @param jsonOrFile JSON if it begins with a bracket, else the name of a file
     * @throws dev.pintle.base.PintleException naming the field that can't be used, or why the file can't be read
     */
    public static SteeringSpec read(String jsonOrFile) {
        return of(json(jsonOrFile), "steering");
    }

    /**
     * The JSON that {@link #read} reads, before its fields are looked at.
     *
     * @param jsonOrFile JSON if it begins with a bracket, else the name of a file
     * @throws dev.pintle.base.PintleException if it is not JSON, or the file can't be read
     */
    public static JsonNode json(String jsonOrFile) {
        boolean isJson = jsonOrFile.strip().startsWith("[");
        try {
            String text = isJson ? jsonOrFile : RegularFile.text(Path.of(jsonOrFile));
            return ForeignJson.request(text.getBytes(StandardCharsets.UTF_8), LIMITS);
        } catch (JsonProcessingException e) {
            throw Problem.of("The steering is not JSON.")
                    .fact("where", (isJson ? "" : jsonOrFile + ", ") + ForeignJson.place(e))
                    .fact("cause", ForeignJson.why(e))
                    .fact(
                            "expected",
                            "[{\"vector\": \"pirate\", \"strength\": 0.45}], or a file that holds such a list")
                    .toException(e);
        } catch (IOException e) {
            throw Problem.of("The steering cannot be read.")
                    .fact("file", jsonOrFile)
                    .fact("cause", e)
                    .fact(
                            "expected",
                            "[{\"vector\": \"pirate\", \"strength\": 0.45}], or a file that holds such a list")
                    .toException(e);
        }
    }

    /** A copy whose effect is scaled. */
    public SteeringSpec scaled(double by) {
        return new SteeringSpec(entries.stream().map(entry -> entry.scaled(by)).toList());
    }

    /** Whether tokens are chosen by role, so that the prompt must be known to resolve it. */
    public boolean needsRoles() {
        return entries.stream()
                .anyMatch(
                        entry -> entry.positions() != null && entry.positions().needsRoles());
    }

    /**
     * What will act, with vectors and autoencoders found and every number resolved.
     *
     * @param from where vectors and autoencoders are found
     * @param model the model it will act on
     * @param prompt for tokens by role; null if the prompt is not known
     * @param path where this stands, for messages, such as {@code steering}
     * @throws FieldException naming the entry that can't act on the model
     */
    public Steering resolve(SteeringSources from, LanguageModel model, @Nullable TokenizedPrompt prompt, String path) {
        return new Resolver(from, model, prompt, path).resolve(this);
    }
}
