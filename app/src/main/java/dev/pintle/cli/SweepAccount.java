package dev.pintle.cli;

import dev.pintle.evaluation.Interval;
import dev.pintle.evaluation.SweepPoint;
import dev.pintle.evaluation.SweepResult;
import dev.pintle.figure.LineFigure;
import dev.pintle.figure.Marker;
import dev.pintle.figure.SweepFigure;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** A sweep as a table, as JSON and as a figure. */
final class SweepAccount {
    private final SweepResult result;

    SweepAccount(SweepResult result) {
        this.result = result;
    }

    // ---------------------------------------------------------------- text

    void table(PrintWriter out) {
        out.println("| vector | strength | concept | 95% | loops | repeats | perplexity | KL |");
        out.println("| --- | ---: | ---: | --- | ---: | ---: | ---: | ---: |");
        for (SweepPoint point : result.points()) {
            Interval concept = point.fluentConcept();
            out.printf(
                    Locale.ROOT,
                    "| %s | %.2f | %.2f | %.2f to %.2f | %.0f%% | %.0f%% | %.1f | %.3f |%n",
                    point.strength() == 0 ? "unsteered" : name(point),
                    point.strength(),
                    concept.mean(),
                    concept.low(),
                    concept.high(),
                    100 * point.loops().mean(),
                    100 * point.repetition().mean(),
                    point.perplexity().mean(),
                    point.divergence().mean());
        }
    }

    void steerability(PrintWriter out) {
        out.println("How each question responds (slope of the concept over strength):");
        for (SweepResult.Steerability one : result.steerability()) {
            out.printf(
                    Locale.ROOT,
                    "  %s, layer %d: mean %.2f (95%%: %.2f to %.2f), %.0f%% of questions move the wrong way%n",
                    one.method(),
                    one.layer(),
                    one.mean().mean(),
                    one.mean().low(),
                    one.mean().high(),
                    100 * one.antiSteerable());
        }
    }

    void equalCost(PrintWriter out) {
        List<SweepResult.EqualCost> levels = result.equalCost();
        if (levels.isEmpty()) {
            return;
        }
        out.println("Concept where the model is moved equally far:");
        List<String> names = List.copyOf(levels.get(0).concepts().keySet());
        out.print("| KL |");
        names.forEach(name -> out.print(" " + name + " |"));
        out.print("\n| ---: |" + " ---: |".repeat(names.size()) + "\n");
        for (SweepResult.EqualCost level : levels) {
            out.printf(Locale.ROOT, "| %.3f |", level.divergence());
            for (String name : names) {
                double concept = level.concepts().get(name);
                out.print(Double.isNaN(concept) ? " |" : String.format(Locale.ROOT, " %.2f |", concept));
            }
            out.println();
        }
    }

    static String name(SweepPoint point) {
        return point.method() + ", layer " + point.layer();
    }

    // ---------------------------------------------------------------- JSON

    Map<String, Object> fields() {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("concept", result.concept());
        fields.put("whole", result.whole());
        fields.put("points", result.points().stream().map(SweepAccount::fields).toList());
        fields.put("steerability", result.steerability());
        fields.put("equal_cost", result.equalCost());
        result.proposal().ifPresent(proposal -> {
            Map<String, Object> proposed = new LinkedHashMap<>();
            proposed.put("method", proposal.point().method());
            proposed.put("layer", proposal.point().layer());
            proposed.put("strength", proposal.point().strength());
            proposed.put("coefficient", proposal.point().coefficient());
            proposed.put("sentences", proposal.sentences());
            fields.put("proposal", proposed);
        });
        return fields;
    }

    private static Map<String, Object> fields(SweepPoint point) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("method", point.method().isEmpty() ? "unsteered" : point.method());
        fields.put("layer", point.layer());
        fields.put("strength", point.strength());
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

    // ---------------------------------------------------------------- figure

    SweepFigure figure() {
        List<SweepFigure.Curve> curves = result.curves().stream()
                .map(curve -> {
                    int count = curve.points().size();
                    double[][] columns = new double[4][count];
                    for (int i = 0; i < count; i++) {
                        Interval concept = curve.points().get(i).fluentConcept();
                        columns[0][i] = curve.points().get(i).strength();
                        columns[1][i] = concept.mean();
                        columns[2][i] = concept.low();
                        columns[3][i] = concept.high();
                    }
                    return new SweepFigure.Curve(curve.name(), columns[0], columns[1], columns[2], columns[3]);
                })
                .toList();
        Optional<SweepResult.Proposal> proposal = result.proposal();
        return new SweepFigure(
                "How much answers show the concept",
                "Mean concept, looping answers counted as 0, over strength, with 95% intervals.",
                "strength in mean activation norms",
                LineFigure.Scale.share("concept"),
                curves,
                proposal.map(p -> List.of(new Marker(p.point().strength(), "proposed: " + name(p.point()))))
                        .orElse(List.of()));
    }
}
