package dev.pintle.study.quality;

import dev.pintle.evaluation.Interval;
import dev.pintle.evaluation.SweepPoint;
import dev.pintle.evaluation.SweepResult;
import dev.pintle.figure.LineFigure;
import dev.pintle.figure.SweepFigure;
import dev.pintle.report.Element;
import dev.pintle.report.Element.Card;
import dev.pintle.report.Element.Details;
import dev.pintle.report.Element.Heading;
import dev.pintle.report.Element.Paragraph;
import dev.pintle.report.Element.Picture;
import dev.pintle.report.Element.Table;
import dev.pintle.report.Element.Texts;
import dev.pintle.report.Element.Tone;
import dev.pintle.report.Words;
import dev.pintle.steering.Strength;
import dev.pintle.study.Shown;
import dev.pintle.study.Told;
import dev.pintle.study.quality.QualityResult.Point;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/** The chapter about a {@link QualityResult}. */
record QualityChapter(QualityResult result, Shown shown) {
    private static final int MOST_CURVES = 5;

    Told told() {
        return Told.of(findings(), elements()).headlines(headlines()).leading(opening());
    }

    private Map<String, String> headlines() {
        Map<String, String> headlines = new LinkedHashMap<>();
        unsteered().ifPresent(point -> headlines.put("concept, unsteered", concept(point)));
        best().ifPresent(best -> {
            headlines.put("concept, best setting", concept(best));
            headlines.put("best setting", setting(best));
            headlines.put("its KL, nats per token", Words.number(best.meanDivergence(), 3));
        });
        result.sweep().proposal().ifPresent(proposal -> headlines.put("proposed setting", setting(proposal.point())));
        return headlines;
    }

    private static String concept(SweepPoint point) {
        return Words.number(point.meanFluentConcept(), 2) + " (95%: "
                + point.fluentConcept().range(2) + ")";
    }

    private static String setting(SweepPoint point) {
        return Words.text(
                "%s, layer %d, %s %s",
                point.method(), point.layer(), point.unit().words(), Words.number(point.strength(), 2));
    }

    // ---------------------------------------------------------------- findings

    private List<String> findings() {
        List<String> findings = new ArrayList<>();
        Optional<SweepPoint> unsteered = unsteered();
        Optional<SweepPoint> best = best();
        if (unsteered.isPresent() && best.isPresent()) {
            Interval concept = best.get().fluentConcept();
            findings.add(Words.text(
                    "Unsteered, %s score %s on the concept; with the %s vector at strength %s they score %s (95%%: %s), the most of"
                            + " all settings.",
                    Words.count(unsteered.get().samples().size(), "question"),
                    Words.number(unsteered.get().fluentConcept().mean(), 2),
                    best.get().method(),
                    Words.number(best.get().strength(), 2),
                    Words.number(concept.mean(), 2),
                    concept.range(2)));
            result.sweep().points().stream()
                    .filter(point -> point.method().equals(best.get().method())
                            && point.strength() > 0
                            && point.loops().mean() >= 0.5)
                    .findFirst()
                    .ifPresent(point -> findings.add(Words.text(
                            "At strength %s, %s of its answers loop: the model is broken.",
                            Words.number(point.strength(), 2),
                            Words.percent(point.loops().mean()))));
        }
        broken().ifPresent(findings::add);
        equalCost().ifPresent(findings::add);
        findings.addAll(
                result.proposal().isEmpty()
                        ? List.of("No setting shows the concept more than the unsteered model does.")
                        : List.of("Proposed: " + String.join(" ", result.proposal())));
        return findings;
    }

    private Optional<SweepPoint> unsteered() {
        return result.sweep().points().stream()
                .filter(point -> point.strength() == 0)
                .findFirst();
    }

    /** The first setting at which answers overflowed, and why the first of them did. */
    private Optional<String> broken() {
        return result.sweep().points().stream()
                .filter(point -> !point.broken().isEmpty())
                .findFirst()
                .map(point -> Words.text(
                        "With the %s vector at strength %s, %s of %s overflowed: %s",
                        point.method(),
                        Words.number(point.strength(), 2),
                        Words.count(point.broken().size()),
                        Words.count(point.samples().size(), "answer"),
                        point.broken().get(0).broken().lines().findFirst().orElse("")));
    }

    private Optional<SweepPoint> best() {
        return result.sweep().best();
    }

    /** The methods where they move the model equally far, at the level with the highest concept of all. */
    private Optional<String> equalCost() {
        return result.equalCost().stream()
                .filter(level -> reached(level).size() > 1)
                .max(Comparator.comparingDouble(level -> reached(level).get(0).getValue()))
                .map(level -> Words.text(
                        "Where they move the model equally far, %s nats per token, the concept scores %s.",
                        Words.number(level.divergence(), 2),
                        Words.and(reached(level).stream()
                                .map(entry -> Words.number(entry.getValue(), 2) + " with " + shortened(entry.getKey()))
                                .toList())));
    }

    /** The methods that reach a level, best first. */
    private List<Map.Entry<String, Double>> reached(SweepResult.EqualCost level) {
        return names().stream()
                .map(name -> Map.entry(name, level.concepts().getOrDefault(name, Double.NaN)))
                .filter(entry -> Double.isFinite(entry.getValue()))
                .sorted(Map.Entry.<String, Double>comparingByValue().reversed())
                .toList();
    }

    /** A curve's name without the layer, where all have the same. */
    private String shortened(String name) {
        boolean one = result.sweep().curves().stream()
                        .map(SweepResult.Curve::layer)
                        .distinct()
                        .count()
                == 1;
        return one ? name.replaceFirst(", layer \\d+$", "") : name;
    }

    // ---------------------------------------------------------------- elements

    /** The strength with its unit, for axes and heads of columns. */
    private String strength() {
        return "strength (" + result.sweep().unit().words() + ")";
    }

    /** One question answered by the best method at rising strengths, and all of them; nothing where none is the best. */
    List<Element> opening() {
        Optional<SweepPoint> best = best();
        if (best.isEmpty()) {
            return List.of();
        }
        List<Card> cards = new ArrayList<>();
        String question = best.get().samples().get(0).question();
        for (SweepPoint point : result.sweep().points()) {
            if (point.strength() == 0
                    || (point.method().equals(best.get().method())
                            && point.layer() == best.get().layer())) {
                cards.add(card(point));
            }
        }
        return List.of(
                new Heading("One question, rising " + strength()),
                new Texts(question, cards, shown.marker()),
                new Paragraph(Words.text(
                        "The %s vector is added to the residual stream %s, on every token of question and answer. Words that give the"
                                + " style away are marked.",
                        best.get().method(),
                        result.sweep().unit() == Strength.Unit.NORMS
                                ? "at the given strength in activation norms, multiples of the mean length of activations there"
                                : "times the given factor")),
                conceptFigure());
    }

    private Element conceptFigure() {
        return figure(
                "How much the answers show the concept",
                Words.text(
                        "Mean concept of %s over strength, looping answers counted as 0, with 95%% intervals.",
                        Words.count(
                                unsteered().map(point -> point.samples().size()).orElse(0), "answer")),
                LineFigure.Scale.share("concept"),
                SweepPoint::fluentConcept);
    }

    private Card card(SweepPoint point) {
        SweepPoint.Sample sample = point.samples().get(0);
        boolean shows = sample.fluentConcept() >= 0.5;
        boolean broken = !sample.broken().isEmpty();
        String state = broken
                ? "overflowed"
                : sample.fluency().loops()
                        ? "loops"
                        : point.strength() == 0 ? "unsteered" : shows ? "in style" : "not in style";
        return new Card(
                "strength " + Words.number(point.strength(), 2),
                state,
                sample.fluency().loops() || broken ? Tone.BAD : shows ? Tone.GOOD : Tone.PLAIN,
                broken ? sample.broken() : sample.text(),
                Words.text(
                        "perplexity %s · KL %s nats per token",
                        Words.number(sample.fluency().perplexity(), 1), Words.number(sample.divergence(), 2)));
    }

    private List<Element> elements() {
        List<Element> elements = new ArrayList<>();
        elements.add(new Heading("Concept, fluency, distance"));
        elements.add(new Paragraph(
                "Too little does nothing, too much breaks the model. Each point is a mean over all questions, answered"
                        + " greedily, with its 95% interval; an answer that loops counts as 0."));
        elements.add(conceptFigure());
        elements.add(figure(
                "Perplexity of the answers under the unsteered model",
                "Geometric mean of the perplexities over strength, with 95% intervals; higher is less fluent.",
                LineFigure.Scale.logarithmic("perplexity"),
                SweepPoint::perplexity));
        elements.add(figure(
                "How far the model is moved",
                "KL from the unsteered model over strength, nats per token, with 95% intervals.",
                new LineFigure.Scale("KL, nats per token", false, Double.NaN, Double.NaN),
                SweepPoint::divergence));
        elements.add(points());
        if (!result.equalCost().isEmpty()) {
            elements.add(new Heading("At equal cost"));
            elements.add(new Paragraph(
                    "At equal strength a vector that moves the model further has an advantage that says nothing about"
                            + " its direction. Here methods are compared where they move the model equally far, between their points along log"
                            + " KL."));
            elements.add(equalCostFigure());
            elements.add(equalCostTable());
        }
        elements.add(new Heading("Question by question"));
        elements.add(new Paragraph(
                "A mean hides questions that steering moves the wrong way. Each question’s slope of the concept over"
                        + " strength is taken up to the strength with the largest mean."));
        elements.add(steerability());
        result.sweep().curves().forEach(curve -> elements.add(answers(curve)));
        return elements;
    }

    private Element figure(
            String title, String description, LineFigure.Scale scale, Function<SweepPoint, Interval> measure) {
        List<SweepFigure.Curve> curves = new ArrayList<>();
        for (SweepResult.Curve curve : result.sweep().curves()) {
            if (curves.size() == MOST_CURVES) {
                break;
            }
            int count = curve.points().size();
            double[][] columns = new double[4][count];
            for (int i = 0; i < count; i++) {
                Interval interval = measure.apply(curve.points().get(i));
                columns[0][i] = curve.points().get(i).strength();
                columns[1][i] = interval.mean();
                columns[2][i] = interval.low();
                columns[3][i] = interval.high();
            }
            curves.add(new SweepFigure.Curve(shortened(curve.name()), columns[0], columns[1], columns[2], columns[3]));
        }
        return new Picture(new SweepFigure(title, description, strength(), scale, curves, List.of()));
    }

    private Table points() {
        return new Table(
                "Every setting: means over questions, the concept’s with 95% intervals",
                List.of(
                        "vector",
                        strength(),
                        "concept (0 to 1)",
                        "95%",
                        "loops",
                        "repeated",
                        "perplexity",
                        "KL (nats per token)"),
                result.sweep().points().stream()
                        .map(Point::of)
                        .map(QualityChapter::row)
                        .toList(),
                1);
    }

    private static List<String> row(Point point) {
        return List.of(
                point.method(),
                Words.number(point.strength(), 2),
                Words.number(point.concept().mean(), 2),
                point.concept().range(2),
                Words.percent(point.loops().mean()),
                Words.percent(point.repetition().mean()),
                Words.number(point.perplexity().mean(), 1),
                Words.number(point.divergence().mean(), 3));
    }

    /** The curves that are compared, in their order. */
    private List<String> names() {
        Set<String> compared = result.equalCost().get(0).concepts().keySet();
        return result.sweep().curves().stream()
                .map(SweepResult.Curve::name)
                .filter(compared::contains)
                .toList();
    }

    private Element equalCostFigure() {
        List<LineFigure.Series> series = new ArrayList<>();
        for (SweepResult.Curve curve : result.sweep().curves()) {
            if (series.size() == MOST_CURVES) {
                break;
            }
            List<SweepPoint> points = curve.points().stream()
                    .sorted(Comparator.comparingDouble(point -> point.meanDivergence()))
                    .toList();
            series.add(new LineFigure.Series(
                    shortened(curve.name()),
                    points.stream().mapToDouble(point -> point.meanDivergence()).toArray(),
                    points.stream()
                            .mapToDouble(point -> point.meanFluentConcept())
                            .toArray()));
        }
        return new Picture(new LineFigure(
                "Concept against how far the model is moved",
                "Mean concept of each setting over its KL from the unsteered model; one line a method, strengths rising to the right.",
                "KL from the unsteered model, nats per token",
                LineFigure.Scale.share("concept"),
                series));
    }

    private Table equalCostTable() {
        List<String> head = new ArrayList<>(List.of("KL, nats per token"));
        names().forEach(name -> head.add(shortened(name)));
        List<List<String>> rows = new ArrayList<>();
        for (SweepResult.EqualCost level : result.equalCost()) {
            List<String> row = new ArrayList<>(List.of(Words.number(level.divergence(), 3)));
            names().forEach(name -> row.add(Words.number(level.concepts().getOrDefault(name, Double.NaN), 2)));
            rows.add(row);
        }
        return new Table("Concept at equal KL", head, rows, 0);
    }

    private Table steerability() {
        return new Table(
                "How the questions respond",
                List.of(
                        "vector",
                        result.sweep().unit() == Strength.Unit.NORMS
                                ? "mean slope (concept per activation norm)"
                                : "mean slope (concept per factor of 1)",
                        "95%",
                        "questions moved the wrong way"),
                result.sweep().steerability().stream()
                        .map(one -> List.of(
                                one.method(),
                                Words.number(one.mean().mean(), 2),
                                one.mean().range(2),
                                Words.percent(one.antiSteerable())))
                        .toList(),
                1);
    }

    private Element answers(SweepResult.Curve curve) {
        List<List<String>> rows = new ArrayList<>();
        for (SweepPoint point : curve.points()) {
            for (SweepPoint.Sample sample : point.samples()) {
                rows.add(List.of(
                        sample.question(),
                        sample.text(),
                        Words.number(point.strength(), 2),
                        Words.number(sample.score().concept(), 2),
                        !sample.broken().isEmpty()
                                ? "overflowed"
                                : sample.fluency().loops() ? "yes" : "no",
                        Words.number(sample.fluency().perplexity(), 1),
                        Words.number(sample.divergence(), 2)));
            }
        }
        return new Details(
                "Every answer: " + shortened(curve.name()),
                List.of(new Table(
                        "Every answer: " + shortened(curve.name()),
                        List.of(
                                "question",
                                "answer",
                                strength(),
                                "concept",
                                "loops",
                                "perplexity",
                                "KL (nats per token)"),
                        rows,
                        2)));
    }
}
