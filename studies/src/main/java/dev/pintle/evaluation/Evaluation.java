package dev.pintle.evaluation;

import dev.pintle.base.Progress;
import dev.pintle.model.LanguageModel;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/**
 * What steering does at several multiples of its strengths.
 *
 * @param propensity how it moves the choice between two answers; null if that was not asked
 * @param capability what it costs in accuracy; null if that was not asked
 * @param answers what it does to answers; null if none was asked for
 */
public record Evaluation(
        @Nullable Propensity propensity,
        @Nullable Capability capability,
        @Nullable Answers answers) {
    /**
     * Measures everything.
     *
     * @param models by multiple: the model as steered, a view of the unsteered one
     * @param unsteered the model without steering
     * @param concept what is looked for in answers
     * @param maxNewTokens longest answer
     */
    public static Evaluation of(
            SortedMap<Double, LanguageModel> models,
            LanguageModel unsteered,
            EvaluationItems items,
            Concept concept,
            int maxNewTokens,
            Progress progress) {
        return new Evaluation(
                items.choices().isEmpty()
                        ? null
                        : Propensity.of(models, new Concept.Choices(items.choices()), progress),
                items.capability().isEmpty() ? null : Capability.of(models, items.capability(), progress),
                items.questions().isEmpty()
                        ? null
                        : Answers.of(models, unsteered, items.questions(), concept, maxNewTokens, progress));
    }

    /** For JSON: what was measured, with every question. */
    public Map<String, Object> fields() {
        Map<String, Object> fields = new LinkedHashMap<>();
        if (propensity != null) {
            fields.put("choices", EvaluationJson.fields(propensity));
        }
        if (capability != null) {
            fields.put("capability", EvaluationJson.fields(capability));
        }
        if (answers != null) {
            fields.put("answers", EvaluationJson.fields(answers));
        }
        return fields;
    }
}
