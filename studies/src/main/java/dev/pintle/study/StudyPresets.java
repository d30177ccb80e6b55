package dev.pintle.study;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.Json;
import dev.pintle.base.Problem;
import dev.pintle.evaluation.StyleMarker;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Presets of the settings, as JSON objects in layers: of several values for a key, the last counts. */
public final class StudyPresets {
    private static final int PREFIXES = 60;

    private StudyPresets() {}

    /** What suits any model; it lacks the concept's own prompt. */
    public static ObjectNode common() {
        return resource("common.json");
    }

    /** Over {@link #common}: what suits the original's model and autoencoder. */
    public static ObjectNode original() {
        return resource("llama-3.1-8b-instruct.json");
    }

    /**
     * Over {@link #common}: what suits the embedded model.
     *
     * @param folder of the embedded model
     * @param style one that it was taught
     * @throws IllegalArgumentException listing the styles, if it was not taught this one
     */
    public static ObjectNode embedded(Path folder, String style) {
        StyleMarker wanted = StyleMarker.find(folder.resolve("styles.json"), style);
        ObjectNode preset = resource("parley-7m.json");
        preset.put("concept", style);
        preset.put("positive", "The assistant should " + wanted.ask() + ".");
        preset.put("marker", wanted.marker().pattern());
        JsonNode prefixes = read(folder.resolve("prefixes.json"));
        for (int i = 0; i < Math.min(PREFIXES, prefixes.size()); i++) {
            preset.withArray("prefixes").add(prefixes.get(i));
        }
        return preset;
    }

    /**
     * What suits a model, in layers: over {@link #common}, a style where its folder tells of styles, or {@link #original} for
     * the original's model.
     *
     * @param model its name
     * @param folder of the model
     * @param style one of those that its folder tells of; empty for pirate, or where there are none
     * @throws IllegalArgumentException if a style is named and the model comes without, or not with this one
     */
    public static List<ObjectNode> of(String model, Path folder, String style) {
        List<ObjectNode> layers = new ArrayList<>(List.of(common()));
        if (Files.isRegularFile(folder.resolve("styles.json"))) {
            layers.add(embedded(folder, style.isEmpty() ? "pirate" : style));
        } else if (!style.isEmpty()) {
            throw Problem.of("The model has no styles.json.")
                    .fact("model", model)
                    .fact("but was", "--style " + style)
                    .fact("try", "--positive TEXT with --marker REGEX")
                    .toIllegalArgument();
        } else if (model.toLowerCase(Locale.ROOT).matches(".*llama-3\\.1-8b-instruct.*")) {
            layers.add(original());
        }
        return layers;
    }

    /** Questions that the embedded model can answer. */
    public static List<String> embeddedQuestions() {
        List<String> questions = new ArrayList<>();
        resource("parley-7m.json").path("questions").forEach(question -> questions.add(question.asText()));
        return questions;
    }

    /**
     * A user's own settings, of which any may be missing.
     *
     * @throws dev.pintle.base.PintleException if the file is no JSON object
     */
    public static ObjectNode file(Path file) {
        if (read(file) instanceof ObjectNode settings) {
            return settings;
        }
        throw Problem.of("The settings cannot be read.")
                .fact("file", file.toAbsolutePath())
                .fact("expected", "a JSON object such as {\"positive\": \"…\", \"strength\": 0.5}")
                .toException();
    }

    /**
     * Settings out of layers.
     *
     * @throws dev.pintle.base.PintleException naming a key that is not known or a value that does not fit
     * @throws IllegalArgumentException naming a setting that cannot be used
     */
    public static StudySettings settings(ObjectNode... layers) {
        ObjectNode all = Json.object();
        for (ObjectNode layer : layers) {
            all.setAll(OlderResults.settings(layer));
        }
        return StudyJson.settings(all, "settings of the studies");
    }

    private static ObjectNode resource(String name) {
        try (InputStream in = StudyPresets.class.getResourceAsStream(name)) {
            return (ObjectNode) Json.parse(new String(in.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static JsonNode read(Path file) {
        try {
            return Json.file(file);
        } catch (IOException e) {
            throw Problem.of("The settings cannot be read.")
                    .fact("file", file.toAbsolutePath())
                    .fact("cause", e)
                    .toException(e);
        }
    }
}
