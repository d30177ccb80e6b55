package dev.pintle.evaluation;

import dev.pintle.base.Progress;
import dev.pintle.model.LanguageModel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * What steering does to answers, measured as in a {@link Sweep}: whether they are fluent, how far the model was moved, and, where a
 * concept is looked for, how much they show it.
 *
 * @param concept what is looked for; empty for nothing
 * @param points one per multiple of the steering, ascending; its strength is the multiple
 */
public record Answers(String concept, List<SweepPoint> points) {
    /** Questions that are answered together; no number depends on more than these. */
    public static final int AT_ONCE = 64;

    /** Copies the list. */
    public Answers {
        points = List.copyOf(points);
    }

    /**
     * Asks every question in every setting.
     *
     * @param models by multiple: the model as steered, a view of the unsteered one
     * @param unsteered the model without steering
     * @param questions user turns
     * @param maxNewTokens longest answer, written greedily
     */
    public static Answers of(
            SortedMap<Double, LanguageModel> models,
            LanguageModel unsteered,
            List<String> questions,
            Concept concept,
            int maxNewTokens,
            Progress progress) {
        SortedMap<Double, List<SweepPoint.Sample>> samples = new TreeMap<>();
        int total = models.size() * questions.size();
        int done = 0;
        for (int from = 0; from < questions.size(); from += AT_ONCE) {
            List<String> some = questions.subList(from, Math.min(questions.size(), from + AT_ONCE));
            progress.at("answers", done, total);
            SweepPoint plain = unsteered(unsteered, some, concept, maxNewTokens);
            try (Baseline baseline = new Sweep(unsteered, some, concept, maxNewTokens).baseline(plain)) {
                for (Map.Entry<Double, LanguageModel> setting : models.entrySet()) {
                    double multiple = setting.getKey();
                    samples.computeIfAbsent(multiple, none -> new ArrayList<>())
                            .addAll(
                                    multiple == 0
                                            ? plain.samples()
                                            : steered(
                                                    setting.getValue(),
                                                    unsteered,
                                                    some,
                                                    concept,
                                                    maxNewTokens,
                                                    baseline));
                    done += some.size();
                    progress.at("answers", done, total);
                }
            }
        }
        return of(concept, samples);
    }

    /** Of samples by multiple of the steering, each one per question. */
    public static Answers of(Concept concept, SortedMap<Double, List<SweepPoint.Sample>> samples) {
        List<SweepPoint> points = new ArrayList<>();
        samples.forEach((multiple, some) -> points.add(new SweepPoint("", -1, multiple, multiple, List.copyOf(some))));
        return new Answers(concept.name(), points);
    }

    /**
     * The answers of the unsteered model, which others are compared with.
     *
     * @param questions at most {@link #AT_ONCE}
     */
    public static SweepPoint unsteered(LanguageModel model, List<String> questions, Concept concept, int maxNewTokens) {
        return new Sweep(model, questions, concept, maxNewTokens).unsteered();
    }

    /**
     * The answers of a steered model.
     *
     * @param questions those of the baseline
     * @param baseline {@link Sweep#baseline} of the {@link #unsteered} answers
     */
    public static List<SweepPoint.Sample> steered(
            LanguageModel steered,
            LanguageModel unsteered,
            List<String> questions,
            Concept concept,
            int maxNewTokens,
            Baseline baseline) {
        return new Sweep(unsteered, questions, concept, maxNewTokens).samples(steered, baseline);
    }

    /** Whether a concept is looked for. */
    public boolean isScored() {
        return !concept.isEmpty();
    }

    /** What was asked. */
    public List<String> questions() {
        return points.get(0).samples().stream().map(SweepPoint.Sample::question).toList();
    }

    /** The slope of each question's concept over the multiples, looping answers counted as 0; NaN where it is not known. */
    public double[] slopes() {
        double[] multiples = points.stream().mapToDouble(SweepPoint::strength).toArray();
        return IntStream.range(0, questions().size())
                .mapToDouble(question -> LeastSquares.slope(
                        multiples,
                        points.stream()
                                .mapToDouble(
                                        point -> point.samples().get(question).fluentConcept())
                                .toArray()))
                .toArray();
    }

    /** Mean slope over questions, per multiple. */
    public Interval steerability() {
        return Interval.ofMean(slopes());
    }

    /** Share of questions that steering moves the wrong way: whose slope is below 0. */
    public Interval antiSteerable() {
        double[] slopes = Arrays.stream(slopes()).filter(Double::isFinite).toArray();
        return Interval.ofShare(
                (int) Arrays.stream(slopes).filter(slope -> slope < 0).count(), slopes.length);
    }

    /** Number of answers that a concept was looked for in, but that have no score, since the judge gave no verdict. */
    public int withoutVerdict() {
        return !isScored()
                ? 0
                : (int) points.stream()
                        .flatMap(point -> point.samples().stream())
                        .filter(sample -> Double.isNaN(sample.score().concept()))
                        .count();
    }
}
