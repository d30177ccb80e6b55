package dev.pintle.evaluation;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The result of a sweep as fields for JSON. */
public final class SweepJson {
    private SweepJson() {}

    /** Every number and text. */
    public static Map<String, Object> fields(SweepResult result) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("concept", result.concept());
        fields.put("whole", result.whole());
        fields.put("points", points(result));
        fields.put("steerability", result.steerability());
        fields.put("equal_cost", result.equalCost());
        result.proposal().ifPresent(proposal -> {
            Map<String, Object> proposed = new LinkedHashMap<>();
            proposed.put("method", proposal.point().method());
            proposed.put("layer", proposal.point().layer());
            proposed.put("strength", proposal.point().strength());
            proposed.put("strength_unit", proposal.point().unit().words());
            proposed.put("coefficient", proposal.point().coefficient());
            proposed.put("sentences", proposal.sentences());
            fields.put("proposal", proposed);
        });
        return fields;
    }

    private static List<Map<String, Object>> points(SweepResult result) {
        List<String> whyNot = result.whyNot();
        List<Map<String, Object>> points = new ArrayList<>();
        for (int i = 0; i < whyNot.size(); i++) {
            Map<String, Object> fields = fields(result.points().get(i));
            if (!whyNot.get(i).isEmpty()) {
                fields.put("why_not", whyNot.get(i));
            }
            points.add(fields);
        }
        return points;
    }

    private static Map<String, Object> fields(SweepPoint point) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("method", point.method().isEmpty() ? "unsteered" : point.method());
        fields.put("layer", point.layer());
        fields.put("strength", point.strength());
        fields.put("strength_unit", point.unit().words());
        fields.put("coefficient", point.coefficient());
        fields.put("concept", point.concept());
        fields.put("fluent_concept", point.fluentConcept());
        fields.put("loops", point.loops());
        fields.put("repetition", point.repetition());
        fields.put("perplexity", point.perplexity());
        fields.put("kl", point.divergence());
        fields.put("samples", point.samples());
        return fields;
    }
}
