package dev.pintle.notebook;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.Excerpt;
import dev.pintle.base.Json;
import dev.pintle.base.Problem;
import dev.pintle.evaluation.StyleMarker;
import dev.pintle.hub.HubSettings;
import dev.pintle.hub.ModelFolders;
import dev.pintle.hub.Variables;
import dev.pintle.model.GgufFolder;
import dev.pintle.report.Published;
import dev.pintle.sae.SaeFolders;
import dev.pintle.sae.labels.LatentLabels;
import dev.pintle.steering.ContrastPair;
import dev.pintle.steering.Strength;
import dev.pintle.study.StudyPresets;
import dev.pintle.study.StudySettings;
import dev.pintle.tensor.DType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The settings a notebook runs with. By default these are the embedded model and its autoencoder in pirate style, for which the
 * notebooks' text is written. The environment variable {@code PINTLE_NOTEBOOK} selects others: {@code llama-3.1-8b}, the model
 * and autoencoder of the original research, or a JSON file with the keys of {@link StudySettings} and {@code model}, {@code
 * sae}, {@code labels}, {@code dtype}, {@code style} and {@code layer}.
 *
 * @param model name or folder
 * @param autoencoder name, file or folder
 * @param labels file with labels of its latents; empty for {@code labels.jsonl} next to the autoencoder
 * @param dtype of the model
 * @param layer 0-based layer at which vectors are fitted
 * @param own whether these are the default settings, whose numbers the text quotes
 * @param study prompts, questions and strengths, as in the studies
 */
public record NotebookSettings(
        String model, String autoencoder, String labels, DType dtype, int layer, boolean own, StudySettings study) {
    /** The environment variable, or system property, that selects other settings. */
    public static final String VARIABLE = "PINTLE_NOTEBOOK";

    private static final String ORIGINAL = "llama-3.1-8b";
    private static final List<String> OURS = List.of("model", "sae", "labels", "dtype", "style", "layer");

    /** The settings that the environment selects, or the defaults. */
    public static NotebookSettings read() {
        return read(System.getProperty(VARIABLE, Variables.ofProcess().getOrDefault(VARIABLE, "")));
    }

    /**
     * Settings by name.
     *
     * @param name {@code llama-3.1-8b} or a JSON file; empty for the defaults
     * @throws dev.pintle.base.PintleException if there is no such file, or it has an unknown key or a value of the wrong kind
     */
    public static NotebookSettings read(String name) {
        ObjectNode given = Json.object();
        if (name.equals(ORIGINAL)) {
            given.put("model", Published.model()).put("sae", Published.autoencoder());
            given.put("dtype", "bf16").put("layer", Published.layer());
        } else if (!name.isEmpty()) {
            Path file = Path.of(name);
            if (!Files.isRegularFile(file)) {
                throw Problem.of("The notebook settings were not found.")
                        .fact("variable", VARIABLE)
                        .fact("expected", ORIGINAL + ", or a JSON file such as {\"style\": \"chef\"}")
                        .fact("but was", name)
                        .toException();
            }
            given = StudyPresets.file(file);
        }
        return of(given, name.isEmpty());
    }

    private static NotebookSettings of(ObjectNode given, boolean own) {
        Map<String, JsonNode> ours = new TreeMap<>();
        OURS.forEach(key -> {
            JsonNode value = given.remove(key);
            if (value != null) {
                ours.put(key, value);
            }
        });
        String model = text(ours, "model", ModelFolders.EMBEDDED);
        Path folder = GgufFolder.of(ModelFolders.find(model));
        List<ObjectNode> layers = new ArrayList<>(StudyPresets.of(model, folder, text(ours, "style", "")));
        layers.add(given);
        DType dtype = DType.parse(text(ours, "dtype", "fp32"));
        return new NotebookSettings(
                model,
                text(ours, "sae", "parley-7m-sae-l3"),
                text(ours, "labels", ""),
                dtype,
                layer(ours.get("layer")),
                own,
                StudyPresets.settings(layers.toArray(ObjectNode[]::new)));
    }

    private static String text(Map<String, JsonNode> values, String key, String otherwise) {
        JsonNode value = values.get(key);
        if (value != null && !value.isTextual()) {
            throw unusable(key, "a string", value);
        }
        return value == null ? otherwise : value.textValue();
    }

    private static int layer(@Nullable JsonNode value) {
        if (value != null && !(value.isInt() && value.intValue() >= 0)) {
            throw unusable("layer", "a layer number, 0 or more", value);
        }
        return value == null ? 3 : value.intValue();
    }

    private static RuntimeException unusable(String key, String expected, JsonNode found) {
        return Problem.of("A setting of the notebook cannot be used.")
                .fact("key", key)
                .fact("expected", expected)
                .fact("but was", Excerpt.of(found))
                .toException();
    }

    /** A copy with another style of the embedded model. */
    public NotebookSettings withStyle(String style) {
        ObjectNode given = Json.object();
        given.put("model", model).put("sae", autoencoder).put("labels", labels).put("layer", layer);
        given.put("dtype", dtype.name()).put("style", style);
        return of(given, false);
    }

    // ---------------------------------------------------------------- prompts

    /** The two system prompts that differ in the concept, each before the same user turn; padded to equal length when read. */
    public ContrastPair pair() {
        return ContrastPair.ofSystemPrompts(
                study.contrast().positive(),
                study.contrast().neutral(),
                study.contrast().user());
    }

    /** The two system prompts before a user turn and an answer prefix, one pair for each answer. */
    public List<ContrastPair> prefixPairs(String user) {
        return prefixPairs(study.contrast().positive(), user);
    }

    /** As {@link #prefixPairs(String)}, with another positive system prompt. */
    public List<ContrastPair> prefixPairs(String positive, String user) {
        return study.answers().prefixes().stream()
                .map(begun -> ContrastPair.ofPrefix(positive, study.contrast().neutral(), user, begun))
                .toList();
    }

    /** The concept, in one word. */
    public String concept() {
        return study.contrast().concept();
    }

    /** The pattern that recognises the concept in an answer. */
    public StyleMarker marker() {
        return new StyleMarker(
                concept(), study.contrast().positive(), study.contrast().pattern());
    }

    /** The question to answer. */
    public String question() {
        return study.answers().question();
    }

    /** Maximum length of an answer, in tokens. */
    public int maxNewTokens() {
        return study.answers().maxNewTokens();
    }

    /** The strength to steer at. */
    public Strength strength() {
        return study.steering().strength();
    }

    /** Labels of the autoencoder's latents; none if there is no label file. */
    public LatentLabels latentLabels() {
        Path file = labels.isEmpty()
                ? SaeFolders.find(autoencoder, HubSettings.fromEnvironment()).resolveSibling("labels.jsonl")
                : Path.of(labels);
        return Files.isRegularFile(file) || !labels.isEmpty() ? LatentLabels.read(file) : LatentLabels.none();
    }
}
