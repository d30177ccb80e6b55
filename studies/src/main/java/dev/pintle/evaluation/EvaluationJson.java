package dev.pintle.evaluation;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Evaluations as JSON. */
final class EvaluationJson {
    private EvaluationJson() {}

    static Map<String, Object> fields(Propensity result) {
        List<Object> settings = new ArrayList<>();
        for (Propensity.At at : result.at()) {
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("multiple", at.multiple());
            put(one, "propensity", at.propensity());
            put(one, "probability", at.probability());
            put(one, "matching", at.matching());
            settings.add(one);
        }
        double[] slopes = result.slopes();
        List<Object> questions = new ArrayList<>();
        for (int q = 0; q < slopes.length; q++) {
            Map<String, @Nullable Object> one = new LinkedHashMap<>();
            one.put("question", result.questions().get(q));
            one.put("slope", number(slopes[q]));
            List<@Nullable Object> values = new ArrayList<>();
            for (double[] row : result.propensities()) {
                values.add(number(row[q]));
            }
            one.put("propensities", values);
            questions.add(one);
        }
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("settings", settings);
        put(fields, "steerability", result.steerability());
        put(fields, "anti_steerable", result.antiSteerable());
        fields.put("questions", questions);
        return fields;
    }

    static Map<String, Object> fields(Capability result) {
        List<Object> settings = new ArrayList<>();
        for (Capability.At at : result.at()) {
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("multiple", at.multiple());
            put(one, "accuracy", at.accuracy());
            put(one, "change", at.change());
            one.put("gained", at.gained());
            one.put("lost", at.lost());
            settings.add(one);
        }
        List<Object> questions = new ArrayList<>();
        for (int q = 0; q < result.questions().size(); q++) {
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("question", result.questions().get(q).question());
            one.put("answer", MultipleChoice.letter(result.questions().get(q).answer()));
            List<String> letters = new ArrayList<>();
            for (int[] row : result.chosen()) {
                letters.add(MultipleChoice.letter(row[q]));
            }
            one.put("chosen", letters);
            questions.add(one);
        }
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("settings", settings);
        fields.put("questions", questions);
        return fields;
    }

    /** The names are those of a sweep's points. */
    static Map<String, Object> fields(Answers result) {
        List<Object> settings = new ArrayList<>();
        for (SweepPoint point : result.points()) {
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("multiple", point.strength());
            if (result.isScored()) {
                put(one, "concept", point.concept());
                put(one, "fluent_concept", point.fluentConcept());
            }
            put(one, "loops", point.loops());
            put(one, "repetition", point.repetition());
            put(one, "perplexity", point.perplexity());
            put(one, "kl", point.divergence());
            settings.add(one);
        }
        Map<String, Object> fields = new LinkedHashMap<>();
        if (result.isScored()) {
            fields.put("concept", result.concept());
        }
        fields.put("settings", settings);
        if (result.isScored()) {
            put(fields, "steerability", result.steerability());
            put(fields, "anti_steerable", result.antiSteerable());
        }
        double[] slopes = result.slopes();
        List<String> asked = result.questions();
        List<Object> questions = new ArrayList<>();
        for (int q = 0; q < slopes.length; q++) {
            Map<String, @Nullable Object> one = new LinkedHashMap<>();
            one.put("question", asked.get(q));
            if (result.isScored()) {
                one.put("slope", number(slopes[q]));
            }
            List<Object> samples = new ArrayList<>();
            for (SweepPoint point : result.points()) {
                samples.add(fields(point.samples().get(q), result.isScored()));
            }
            one.put("answers", samples);
            questions.add(one);
        }
        fields.put("questions", questions);
        return fields;
    }

    private static Map<String, @Nullable Object> fields(SweepPoint.Sample sample, boolean scored) {
        Map<String, @Nullable Object> one = new LinkedHashMap<>();
        one.put("text", sample.text());
        if (scored) {
            one.put("concept", number(sample.score().concept()));
        }
        one.put("perplexity", number(sample.fluency().perplexity()));
        one.put("repetition", number(sample.fluency().repetition()));
        one.put("loops", sample.fluency().loops());
        one.put("divergence", number(sample.divergence()));
        one.put("broken", sample.broken());
        return one;
    }

    private static void put(Map<String, Object> fields, String name, Interval interval) {
        Map<String, @Nullable Object> one = new LinkedHashMap<>();
        one.put("mean", number(interval.mean()));
        one.put("low", number(interval.low()));
        one.put("high", number(interval.high()));
        one.put("samples", interval.samples());
        fields.put(name, one);
    }

    /** JSON has no NaN. */
    private static @Nullable Object number(double value) {
        return Double.isFinite(value) ? value : null;
    }
}
