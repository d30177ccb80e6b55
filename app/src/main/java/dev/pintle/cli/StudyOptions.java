package dev.pintle.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.JsonLists;
import dev.pintle.steering.Strength;
import dev.pintle.study.StudyJson;
import dev.pintle.study.StudyPresets;
import dev.pintle.study.StudySettings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Settings of studies: the model's preset, overridden by {@code --settings FILE}, overridden by single options. */
final class StudyOptions {
    @Option(
            names = "--settings",
            paramLabel = "FILE",
            description = "JSON object of settings, with keys as --json prints them, all optional.")
    private @Nullable Path file;

    @HelpSection.In(HelpSection.PROMPTS)
    @Option(
            names = "--style",
            paramLabel = "STYLE",
            description = "Style of the embedded model (default there: pirate); sets prompts and marker.")
    private @Nullable String style;

    @HelpSection.In(HelpSection.PROMPTS)
    @Option(names = "--concept", paramLabel = "WORD", description = "One word for the concept.")
    private @Nullable String concept;

    @HelpSection.In(HelpSection.PROMPTS)
    @Option(names = "--positive", paramLabel = "TEXT", description = "System prompt that asks for the concept.")
    private @Nullable String positive;

    @HelpSection.In(HelpSection.PROMPTS)
    @Option(names = "--neutral", paramLabel = "TEXT", description = "System prompt that does not ask for the concept.")
    private @Nullable String neutral;

    @HelpSection.In(HelpSection.PROMPTS)
    @Option(names = "--user", paramLabel = "TEXT", description = "User turn after the two system prompts.")
    private @Nullable String user;

    @HelpSection.In(HelpSection.PROMPTS)
    @Option(
            names = "--question",
            paramLabel = "TEXT",
            description = "User turn of the prefix pairs and of the steered answers.")
    private @Nullable String question;

    @HelpSection.In(HelpSection.PROMPTS)
    @Option(names = "--prefixes", paramLabel = "FILE", description = "JSON list of answer prefixes.")
    private @Nullable Path prefixes;

    @HelpSection.In(HelpSection.STEERING)
    @Option(
            names = "--vector",
            paramLabel = "METHOD",
            completionCandidates = Candidates.StudyVectors.class,
            description = "Method whose vector steers: ${COMPLETION-CANDIDATES}.")
    private @Nullable String vector;

    @HelpSection.In(HelpSection.STEERING)
    @Option(
            names = "--strength",
            paramLabel = "S",
            description = "Strength of the steering vector: in activation norms, such as 0.45, or as a raw multiplier,"
                    + " such as 12abs.")
    private @Nullable Strength strength;

    @HelpSection.In(HelpSection.STEERING)
    @Option(
            names = "--target-latent",
            paramLabel = "N",
            description = "Latent that stands for the concept; -1 to choose it by label and decoder row.")
    private @Nullable Integer targetLatent;

    @HelpSection.In(HelpSection.STEERING)
    @Option(names = "--latent-amount", paramLabel = "A", description = "Amount to add to the target latent.")
    private @Nullable Double latentAmount;

    @HelpSection.In(HelpSection.STEERING)
    @Option(
            names = "--sequence-question",
            paramLabel = "TEXT",
            description = "User turn of the text along which cosines are measured.")
    private @Nullable String sequenceQuestion;

    @HelpSection.In(HelpSection.STEERING)
    @Option(
            names = "--sequence-answer",
            paramLabel = "TEXT",
            description = "Answer in the text along which cosines are measured (default: the steered model's own).")
    private @Nullable String sequenceAnswer;

    @HelpSection.In(HelpSection.SCORE)
    @Option(
            names = "--questions",
            paramLabel = "FILE",
            description = "JSON list of user turns on which quality is measured.")
    private @Nullable Path questions;

    @HelpSection.In(HelpSection.SCORE)
    @Option(
            names = "--marker",
            paramLabel = "REGEX",
            description = "Regular expression that matches answers that show the concept.")
    private @Nullable String marker;

    @HelpSection.In(HelpSection.SCORE)
    @Option(
            names = "--strengths",
            split = ",",
            paramLabel = "S",
            description = "Strengths at which quality is measured, in activation norms, or all raw multipliers such as"
                    + " 5abs,10abs.")
    private List<Strength> strengths = new ArrayList<>();

    @HelpSection.In(HelpSection.SCORE)
    @Option(names = "--max-new-tokens", paramLabel = "N", description = "Maximum length of an answer, in tokens.")
    private @Nullable Integer maxNewTokens;

    @Option(
            names = "--other-sae",
            paramLabel = "SAE",
            description = "Another autoencoder to decode with; may be repeated.")
    private List<String> otherSaes = new ArrayList<>();

    @HelpSection.In(HelpSection.PROMPTS)
    @Option(
            names = "--tuple-prompt",
            description = "Reproduce a mistake of the original: write the positive system prompt of its prefix pairs as"
                    + " a tuple.")
    private boolean tuplePrompt;

    /**
     * The merged settings.
     *
     * @param model the model's name, which selects the preset
     * @param folder the model's folder; a {@code styles.json} in it is the preset
     * @throws IllegalArgumentException if a style is requested of a model without styles
     */
    StudySettings settings(String model, Path folder) {
        List<ObjectNode> layers = StudyPresets.of(model, folder, style == null ? "" : style);
        if (file != null) {
            layers.add(StudyPresets.file(file));
        }
        layers.add(given());
        return StudyPresets.settings(layers.toArray(ObjectNode[]::new));
    }

    private ObjectNode given() {
        ObjectNode given = JsonNodeFactory.instance.objectNode();
        text(given, "concept", concept);
        text(given, "positive", positive);
        text(given, "neutral", neutral);
        text(given, "user", user);
        text(given, "question", question);
        text(given, "vector", vector);
        text(given, "sequence_question", sequenceQuestion);
        text(given, "sequence_answer", sequenceAnswer);
        text(given, "marker", marker);
        if (prefixes != null) {
            JsonLists.strings(prefixes).forEach(given.putArray("prefixes")::add);
        }
        if (questions != null) {
            JsonLists.strings(questions).forEach(given.putArray("questions")::add);
        }
        if (strength != null) {
            given.set("strength", StudyJson.tree(strength));
        }
        if (targetLatent != null) {
            given.put("target_latent", targetLatent);
        }
        if (latentAmount != null) {
            given.put("latent_amount", latentAmount);
        }
        if (maxNewTokens != null) {
            given.put("max_new_tokens", maxNewTokens);
        }
        if (!strengths.isEmpty()) {
            ArrayNode list = given.putArray("strengths");
            strengths.forEach(one -> list.add(StudyJson.tree(one)));
        }
        if (!otherSaes.isEmpty()) {
            otherSaes.forEach(given.putArray("other_saes")::add);
        }
        if (tuplePrompt) {
            given.put("tuple_prompt", true);
        }
        return given;
    }

    private static void text(ObjectNode given, String key, @Nullable String value) {
        if (value != null) {
            given.put(key, value);
        }
    }
}
