package dev.pintle.cli;

import dev.pintle.evaluation.Answers;
import dev.pintle.evaluation.Capability;
import dev.pintle.evaluation.Evaluation;
import dev.pintle.evaluation.Interval;
import dev.pintle.evaluation.Propensity;
import dev.pintle.evaluation.SweepPoint;
import dev.pintle.figure.LineFigure;
import dev.pintle.figure.SweepFigure;
import dev.pintle.model.LanguageModel;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;

/** The result of an evaluation as tables, as fields for JSON, and as a figure. */
public final class EvaluationAccount {
    private final Evaluation result;

    /** Of a result. */
    public EvaluationAccount(Evaluation result) {
        this.result = result;
    }

    /**
     * Where a result came from.
     *
     * @param model without the steering
     * @param steering what each entry was resolved to, at multiple 1
     */
    public static Map<String, Object> setup(LanguageModel model, List<Map<String, Object>> steering) {
        return Setup.of(model).with("steering", steering).fields();
    }

    /**
     * Everything that was measured, for JSON.
     *
     * @param steer the steering as it was given, as JSON
     * @param setup {@link #setup}, or the same as a JSON object
     */
    public Map<String, Object> fields(Object steer, Object setup) {
        Map<String, Object> fields = new LinkedHashMap<>(result.fields());
        fields.put("steer", steer);
        fields.put("setup", setup);
        return fields;
    }

    // ---------------------------------------------------------------- text

    void print(PrintWriter out) {
        List<Runnable> tables = new ArrayList<>();
        Propensity propensity = result.propensity();
        if (propensity != null) {
            tables.add(() -> table(propensity, out));
        }
        Capability capability = result.capability();
        if (capability != null) {
            tables.add(() -> table(capability, out));
        }
        Answers answers = result.answers();
        if (answers != null) {
            tables.add(() -> table(answers, out));
        }
        for (int i = 0; i < tables.size(); i++) {
            if (i > 0) {
                out.println();
            }
            tables.get(i).run();
        }
    }

    private static void table(Propensity propensity, PrintWriter out) {
        out.println("| multiple | propensity (nats) | 95% | p(matching) | picks the matching answer | 95% |");
        out.println("| ---: | ---: | --- | ---: | ---: | --- |");
        for (Propensity.At at : propensity.at()) {
            out.printf(
                    Locale.ROOT,
                    "| %.2f | %.2f | %s | %.2f | %.0f%% | %s |%n",
                    at.multiple(),
                    at.propensity().mean(),
                    at.propensity().range(2),
                    at.probability().mean(),
                    100 * at.matching().mean(),
                    at.matching().range(2));
        }
        slopes(
                "propensity of %d questions, nats per multiple"
                        .formatted(propensity.questions().size()),
                propensity.steerability(),
                propensity.antiSteerable(),
                out);
    }

    private static void slopes(String of, Interval slope, Interval wrong, PrintWriter out) {
        if (Double.isFinite(slope.mean())) {
            out.printf(
                    Locale.ROOT,
                    "%nSlope of the %s: mean %.2f (95%%: %s); %.0f%% move the wrong way (95%%: %s)%n",
                    of,
                    slope.mean(),
                    slope.range(2),
                    100 * wrong.mean(),
                    wrong.range(2));
        }
    }

    private static void table(Capability capability, PrintWriter out) {
        out.println("| multiple | accuracy | 95% | change | 95% | gained | lost |");
        out.println("| ---: | ---: | --- | ---: | --- | ---: | ---: |");
        for (Capability.At at : capability.at()) {
            boolean known = Double.isFinite(at.change().mean());
            out.printf(
                    Locale.ROOT,
                    "| %.2f | %.3f | %s | %s | %s | %d | %d |%n",
                    at.multiple(),
                    at.accuracy().mean(),
                    at.accuracy().range(3),
                    known ? String.format(Locale.ROOT, "%+.3f", at.change().mean()) : "",
                    known ? at.change().range(3) : "",
                    at.gained(),
                    at.lost());
        }
        out.printf(
                Locale.ROOT,
                "%n%,d multiple-choice questions%n",
                capability.questions().size());
    }

    /** The columns are those of a sweep. */
    private static void table(Answers answers, PrintWriter out) {
        boolean scored = answers.isScored();
        out.println("| multiple |" + (scored ? " concept (0 to 1) | 95% |" : "")
                + " loops | repeats | perplexity | KL (nats per token) |");
        out.println("| ---: |" + (scored ? " ---: | --- |" : "") + " ---: | ---: | ---: | ---: |");
        for (SweepPoint point : answers.points()) {
            Interval concept = point.fluentConcept();
            out.printf(
                    Locale.ROOT,
                    "| %.2f |%s %.0f%% | %.0f%% | %.1f | %.3f |%n",
                    point.strength(),
                    scored
                            ? " "
                                    + (Double.isNaN(concept.mean())
                                            ? "–"
                                            : String.format(Locale.ROOT, "%.2f", concept.mean()))
                                    + " | " + concept.range(2) + " |"
                            : "",
                    100 * point.loops().mean(),
                    100 * point.repetition().mean(),
                    point.perplexity().mean(),
                    point.divergence().mean());
        }
        int asked = answers.questions().size();
        if (scored) {
            slopes(
                    "concept of %d questions, per multiple".formatted(asked),
                    answers.steerability(),
                    answers.antiSteerable(),
                    out);
        } else {
            out.printf(Locale.ROOT, "%n%,d questions answered%n", asked);
        }
        if (answers.withoutVerdict() > 0) {
            out.printf(
                    Locale.ROOT,
                    "%nThe judge gave no verdict on %,d of %,d answers, which are left out%n",
                    answers.withoutVerdict(),
                    asked * answers.points().size());
        }
        SweepAccount.broken(answers.points(), point -> "the steering", out);
    }

    // ---------------------------------------------------------------- figure

    /** Shares over multiples. */
    public SweepFigure figure() {
        List<SweepFigure.Curve> curves = new ArrayList<>();
        Propensity propensity = result.propensity();
        if (propensity != null) {
            List<Propensity.At> at = propensity.at();
            curves.add(curve("picks the matching answer", at, Propensity.At::multiple, Propensity.At::matching));
            curves.add(curve(
                    "probability of the matching answer", at, Propensity.At::multiple, Propensity.At::probability));
        }
        Capability capability = result.capability();
        if (capability != null) {
            curves.add(curve(
                    "accuracy on multiple-choice questions",
                    capability.at(),
                    Capability.At::multiple,
                    Capability.At::accuracy));
        }
        Answers answers = result.answers();
        if (answers != null) {
            List<SweepPoint> points = answers.points();
            if (answers.isScored()) {
                curves.add(curve(
                        "how much answers show the concept", points, SweepPoint::strength, SweepPoint::fluentConcept));
            }
            curves.add(curve("answers that loop", points, SweepPoint::strength, SweepPoint::loops));
        }
        return new SweepFigure(
                "What steering does",
                "Shares over multiples of the steering's strengths, with 95% intervals.",
                "multiple of the strengths",
                LineFigure.Scale.share("share of questions"),
                curves,
                List.of());
    }

    private static <T> SweepFigure.Curve curve(
            String name, List<T> at, Function<T, Double> multiple, Function<T, Interval> share) {
        return new SweepFigure.Curve(
                name,
                at.stream().mapToDouble(multiple::apply).toArray(),
                at.stream().mapToDouble(one -> share.apply(one).mean()).toArray(),
                at.stream().mapToDouble(one -> share.apply(one).low()).toArray(),
                at.stream().mapToDouble(one -> share.apply(one).high()).toArray());
    }
}
