package dev.pintle.cli;

import dev.pintle.evaluation.Interval;
import dev.pintle.evaluation.SweepPoint;
import dev.pintle.evaluation.SweepResult;
import dev.pintle.figure.Figure;
import dev.pintle.figure.HeatMap;
import dev.pintle.figure.LineFigure;
import dev.pintle.figure.Marker;
import dev.pintle.figure.SweepFigure;
import dev.pintle.steering.Strength;
import java.io.PrintWriter;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.Collectors;

/** The result of a sweep as tables and as a figure. */
final class SweepAccount {
    private static final int MOST_CURVES = 4;
    private static final String TITLE = "How much answers show the concept";

    private final SweepResult result;

    SweepAccount(SweepResult result) {
        this.result = result;
    }

    // ---------------------------------------------------------------- text

    void table(PrintWriter out) {
        out.println("| vector | strength (" + result.unit().words()
                + ") | concept (0 to 1) | 95% | loops | repeats | perplexity | KL (nats per token) |");
        out.println("| --- | ---: | ---: | --- | ---: | ---: | ---: | ---: |");
        for (SweepPoint point : result.points()) {
            Interval concept = point.fluentConcept();
            out.printf(
                    Locale.ROOT,
                    "| %s | %.2f | %.2f | %s | %.0f%% | %.0f%% | %.1f | %.3f |%n",
                    point.strength() == 0 ? "unsteered" : name(point),
                    point.strength(),
                    concept.mean(),
                    concept.range(2),
                    100 * point.loops().mean(),
                    100 * point.repetition().mean(),
                    point.perplexity().mean(),
                    point.divergence().mean());
        }
    }

    /** Prints the settings at which answers overflowed, each with the first reason. */
    void broken(PrintWriter out) {
        broken(result.points(), SweepAccount::name, out);
    }

    /** @param name what acted at a point */
    static void broken(List<SweepPoint> points, Function<SweepPoint, String> name, PrintWriter out) {
        for (SweepPoint point : points) {
            if (!point.broken().isEmpty()) {
                out.printf(
                        Locale.ROOT,
                        "Overflow: %d of %d answers with %s at strength %.3g. %s%n",
                        point.broken().size(),
                        point.samples().size(),
                        name.apply(point),
                        point.strength(),
                        point.broken()
                                .get(0)
                                .broken()
                                .lines()
                                .map(String::strip)
                                .collect(Collectors.joining("; ")));
            }
        }
    }

    void steerability(PrintWriter out) {
        out.println("How each question responds (slope of the concept over strength, per "
                + (result.unit() == Strength.Unit.NORMS ? "activation norm" : "raw multiplier of 1") + "):");
        for (SweepResult.Steerability one : result.steerability()) {
            out.printf(
                    Locale.ROOT,
                    "  %s, layer %d: mean %.2f (95%%: %s), %.0f%% of questions move the wrong way%n",
                    one.method(),
                    one.layer(),
                    one.mean().mean(),
                    one.mean().range(2),
                    100 * one.antiSteerable());
        }
    }

    void equalCost(PrintWriter out) {
        List<SweepResult.EqualCost> levels = result.equalCost();
        if (levels.isEmpty()) {
            return;
        }
        out.println("Concept at equal KL:");
        List<String> names = List.copyOf(levels.get(0).concepts().keySet());
        out.print("| KL (nats per token) |");
        names.forEach(name -> out.print(" " + name + " |"));
        out.print("\n| ---: |" + " ---: |".repeat(names.size()) + "\n");
        for (SweepResult.EqualCost level : levels) {
            out.printf(Locale.ROOT, "| %.3f |", level.divergence());
            for (String name : names) {
                double concept = level.concepts().getOrDefault(name, Double.NaN);
                out.print(Double.isNaN(concept) ? " |" : String.format(Locale.ROOT, " %.2f |", concept));
            }
            out.println();
        }
    }

    static String name(SweepPoint point) {
        return point.method() + ", layer " + point.layer();
    }

    // ---------------------------------------------------------------- figure

    /** Curves over strength, or a heat map for one method at many layers. */
    Figure figure() {
        List<SweepResult.Curve> curves = result.curves();
        boolean layersOfOne =
                curves.stream().map(SweepResult.Curve::method).distinct().count() == 1;
        return layersOfOne && curves.size() > MOST_CURVES ? heatMap(curves) : lines(curves);
    }

    private String axis() {
        return "strength, " + result.unit().words();
    }

    private SweepFigure lines(List<SweepResult.Curve> all) {
        List<SweepFigure.Curve> curves = all.stream()
                .sorted(Comparator.comparingDouble(curve -> -best(curve)))
                .limit(MOST_CURVES)
                .map(SweepAccount::line)
                .toList();
        return new SweepFigure(
                all.size() > MOST_CURVES ? TITLE + ": the best " + MOST_CURVES : TITLE,
                "Mean concept, looping answers counted as 0, over strength, with 95% intervals.",
                axis(),
                LineFigure.Scale.share("concept"),
                curves,
                result.proposal()
                        .map(p -> List.of(new Marker(p.point().strength(), "proposed: " + name(p.point()))))
                        .orElse(List.of()));
    }

    private static double best(SweepResult.Curve curve) {
        return curve.points().stream()
                .mapToDouble(point -> point.meanFluentConcept())
                .filter(Double::isFinite)
                .max()
                .orElse(0);
    }

    private static SweepFigure.Curve line(SweepResult.Curve curve) {
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
    }

    private HeatMap heatMap(List<SweepResult.Curve> curves) {
        double[] strengths = curves.stream()
                .flatMapToDouble(curve -> curve.points().stream().mapToDouble(SweepPoint::strength))
                .distinct()
                .sorted()
                .toArray();
        int[] layers =
                curves.stream().mapToInt(SweepResult.Curve::layer).sorted().toArray();
        double[][] concepts = new double[layers.length][strengths.length];
        for (double[] row : concepts) {
            Arrays.fill(row, Double.NaN); // an interrupted sweep has gaps
        }
        for (SweepResult.Curve curve : curves) {
            for (SweepPoint point : curve.points()) {
                concepts[Arrays.binarySearch(layers, curve.layer())][Arrays.binarySearch(strengths, point.strength())] =
                        point.meanFluentConcept();
            }
        }
        return new HeatMap(
                TITLE + ", " + curves.get(0).method(),
                "Mean concept, looping answers counted as 0, by layer and strength.",
                axis(),
                Arrays.stream(strengths)
                        .mapToObj(s -> String.format(Locale.ROOT, "%.2f", s))
                        .toList(),
                layers,
                concepts,
                "concept");
    }
}
