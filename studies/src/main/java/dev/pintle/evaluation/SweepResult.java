package dev.pintle.evaluation;

import dev.pintle.steering.Strength;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * What a sweep found.
 *
 * @param concept how the concept was recognised
 * @param points the unsteered one first, then each vector's, strengths rising
 * @param whole whether no point is missing
 */
public record SweepResult(String concept, List<SweepPoint> points, boolean whole) {
    private static final double MOST_LOOPS = 0.1;
    private static final double MOST_LESS = 0.1; // what a few questions cannot tell may still be a loss
    private static final int FEWEST_LEVELS = 5;
    private static final int MOST_LEVELS = 12;
    private static final double STEP = 1.75; // most from one level to the next, as long as there are not too many

    /** What the strengths count in. */
    public Strength.Unit unit() {
        return points.stream().anyMatch(point -> point.unit() == Strength.Unit.FACTOR)
                ? Strength.Unit.FACTOR
                : Strength.Unit.NORMS;
    }

    /** One vector's points. */
    public record Curve(String method, int layer, List<SweepPoint> points) {
        /** {@code after-last-difference, layer 3}. */
        public String name() {
            return method + ", layer " + layer;
        }
    }

    /** Every vector's points, the unsteered one before each. */
    public List<Curve> curves() {
        Map<String, Curve> curves = new LinkedHashMap<>();
        for (SweepPoint point : points) {
            if (point.strength() != 0) {
                curves.computeIfAbsent(point.method() + "\n" + point.layer(), key -> {
                            List<SweepPoint> own = new ArrayList<>();
                            points.stream().filter(p -> p.strength() == 0).forEach(own::add);
                            return new Curve(point.method(), point.layer(), own);
                        })
                        .points()
                        .add(point);
            }
        }
        curves.values().forEach(curve -> curve.points().sort(Comparator.comparingDouble(SweepPoint::strength)));
        return List.copyOf(curves.values());
    }

    // ---------------------------------------------------------------- per sample

    /**
     * How the questions respond, one by one (Tan et al. 2024, arXiv:2407.12404): for each the least-squares slope of its
     * propensity over strength, or of its concept where that is judged from text, up to the strength at which the mean concept
     * is largest, since beyond it texts break.
     *
     * @param slopes one per question, per mean activation norm
     * @param antiSteerable share of questions whose slope is below 0: steering moves them the wrong way
     * @param mean over questions
     */
    public record Steerability(String method, int layer, double[] slopes, double antiSteerable, Interval mean) {}

    /** One per curve. */
    public List<Steerability> steerability() {
        return curves().stream().map(SweepResult::steerability).toList();
    }

    private static Steerability steerability(Curve curve) {
        double best = curve.points().stream()
                .max(Comparator.comparingDouble(point -> orZero(point.meanFluentConcept())))
                .map(SweepPoint::strength)
                .orElse(0.0);
        List<SweepPoint> rising = curve.points().stream()
                .filter(point -> point.strength()
                        <= Math.max(
                                best,
                                curve.points()
                                        .get(Math.min(1, curve.points().size() - 1))
                                        .strength()))
                .toList();
        int questions = curve.points().get(0).samples().size();
        double[] slopes = IntStream.range(0, questions)
                .mapToDouble(question -> slope(rising, question))
                .toArray();
        double known = 0;
        double below = 0;
        for (double slope : slopes) {
            known += Double.isFinite(slope) ? 1 : 0;
            below += slope < 0 ? 1 : 0;
        }
        return new Steerability(
                curve.method(),
                curve.layer(),
                slopes,
                known == 0 ? Double.NaN : below / known,
                interval(slopes, rising));
    }

    /** Scores lie between 0 and 1, so that slopes over the same strengths have bounds as well; slopes of log-odds have none. */
    private static Interval interval(double[] slopes, List<SweepPoint> points) {
        boolean scores = points.stream()
                .flatMap(point -> point.samples().stream())
                .noneMatch(sample -> Double.isFinite(sample.score().propensity()));
        double mean =
                points.stream().mapToDouble(SweepPoint::strength).average().orElse(0);
        double spread = points.stream()
                .mapToDouble(point -> (point.strength() - mean) * (point.strength() - mean))
                .sum();
        double steepest = points.stream()
                        .mapToDouble(point -> Math.max(0, point.strength() - mean))
                        .sum()
                / spread;
        boolean within = Arrays.stream(slopes)
                .filter(Double::isFinite)
                .allMatch(slope -> Math.abs(slope) <= steepest * (1 + 1e-9));
        // a score that is missing at one strength leaves its question's slope with other bounds
        return scores && spread > 0 && within
                ? Interval.ofBounded(slopes, -steepest, steepest)
                : Interval.ofMean(slopes);
    }

    private static double slope(List<SweepPoint> points, int question) {
        double[] strengths = points.stream().mapToDouble(SweepPoint::strength).toArray();
        double[] values = points.stream()
                .map(point -> point.samples().get(question).score())
                .mapToDouble(score -> Double.isFinite(score.propensity()) ? score.propensity() : score.concept())
                .toArray();
        return LeastSquares.slope(strengths, values);
    }

    // ---------------------------------------------------------------- equal cost

    /**
     * Vectors compared where they move the model equally far, between points along log KL, and along KL from the unsteered
     * point to the first.
     *
     * @param divergence KL from the unsteered model, nats per token
     * @param concepts by curve name; NaN where the curve does not reach so far
     */
    public record EqualCost(double divergence, Map<String, Double> concepts) {}

    /** Concept (looping answers count as 0) at divergences that at least two curves reach; empty for a single curve. */
    public List<EqualCost> equalCost() {
        List<Curve> curves = curves();
        List<double[]> reaches = curves.stream().map(SweepResult::reach).toList();
        // all curves begin at 0, so each reaches whatever is below its end
        double low = reaches.stream().mapToDouble(r -> r[0]).min().orElse(Double.NaN);
        double high = reaches.stream()
                .map(r -> r[1])
                .sorted(Comparator.reverseOrder())
                .skip(1)
                .findFirst()
                .orElse(Double.NaN);
        if (!(low > 0 && high > low)) {
            return List.of();
        }
        int count = (int) Math.max(
                FEWEST_LEVELS, Math.min(MOST_LEVELS, 1 + Math.ceil(Math.log(high / low) / Math.log(STEP))));
        List<EqualCost> levels = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            double divergence = Math.exp(Math.log(low) + (Math.log(high) - Math.log(low)) * i / (count - 1));
            Map<String, Double> concepts = new LinkedHashMap<>();
            curves.forEach(curve -> concepts.put(curve.name(), at(curve, divergence)));
            levels.add(new EqualCost(divergence, concepts));
        }
        return levels;
    }

    private static double[] reach(Curve curve) {
        double[] divergences = curve.points().stream()
                .mapToDouble(point -> point.meanDivergence())
                .filter(d -> d > 0)
                .toArray();
        return new double[] {
            Arrays.stream(divergences).min().orElse(Double.POSITIVE_INFINITY),
            Arrays.stream(divergences).max().orElse(0)
        };
    }

    private static double at(Curve curve, double divergence) {
        for (int i = 1; i < curve.points().size(); i++) {
            double from = curve.points().get(i - 1).meanDivergence();
            double to = curve.points().get(i).meanDivergence();
            double slack = 1e-12 * divergence; // the levels' own ends count as reached
            if (from <= divergence + slack && divergence <= to + slack && to > from) {
                double share = from <= 0 // the unsteered point has no logarithm
                        ? divergence / to
                        : (Math.log(divergence) - Math.log(from)) / (Math.log(to) - Math.log(from));
                double a = curve.points().get(i - 1).meanFluentConcept();
                double b = curve.points().get(i).meanFluentConcept();
                return a + Math.max(0, Math.min(1, share)) * (b - a);
            }
        }
        return Double.NaN;
    }

    /** The setting with the largest mean concept, looping answers counted as 0; on ties, the one that moves the model least. */
    public Optional<SweepPoint> best() {
        return points.stream()
                .filter(point -> point.strength() != 0 && Double.isFinite(point.meanFluentConcept()))
                .max(Comparator.comparingDouble((SweepPoint point) -> point.meanFluentConcept())
                        .thenComparing(Comparator.comparingDouble((SweepPoint point) -> point.meanDivergence())
                                .reversed()));
    }

    // ---------------------------------------------------------------- proposal

    /**
     * A setting worth using.
     *
     * @param point the setting
     * @param best the setting with the largest mean concept, looping answers counted as 0
     * @param sentences why, in words
     */
    public record Proposal(SweepPoint point, SweepPoint best, List<String> sentences) {}

    /**
     * Among the settings at which at most a tenth of the answers loop, and no more than unsteered loop where those are more,
     * the largest mean concept is sought; of all that are not clearly below it (their mean reaches the lower end of its 95%
     * interval, and comes within a tenth of it) the one that moves the model least is proposed. Empty where no setting shows the concept more than the
     * unsteered model does.
     */
    public Optional<Proposal> proposal() {
        List<SweepPoint> sound = sound();
        return bestOf(sound).map(best -> {
            double enough = enough(best);
            SweepPoint chosen = sound.stream()
                    .filter(point -> point.meanFluentConcept() >= enough)
                    .min(Comparator.comparingDouble(point -> point.meanDivergence()))
                    .orElse(best);
            return new Proposal(chosen, best, sentences(chosen, best, without()));
        });
    }

    private double without() {
        return points.stream()
                .filter(point -> point.strength() == 0)
                .findFirst()
                .map(point -> orZero(point.meanFluentConcept()))
                .orElse(0.0);
    }

    private double mostLoops() {
        return Math.max(
                MOST_LOOPS,
                points.stream()
                        .filter(point -> point.strength() == 0)
                        .findFirst()
                        .map(point -> point.loops().mean())
                        .orElse(0.0));
    }

    private List<SweepPoint> sound() {
        double without = without();
        double loops = mostLoops();
        return points.stream()
                .filter(point -> point.strength() != 0 && point.loops().mean() <= loops)
                .filter(point -> point.broken().isEmpty())
                .filter(point -> orZero(point.meanFluentConcept()) > without)
                .toList();
    }

    private static Optional<SweepPoint> bestOf(List<SweepPoint> sound) {
        return sound.stream()
                .max(Comparator.comparingDouble((SweepPoint point) -> point.meanFluentConcept())
                        .thenComparing(Comparator.comparingDouble((SweepPoint point) -> point.meanDivergence())
                                .reversed()));
    }

    private static double enough(SweepPoint best) {
        return Math.max(best.fluentConcept().low(), best.meanFluentConcept() - MOST_LESS);
    }

    /** Why each setting is not the proposed one, in a few words; empty for the proposed and for the unsteered one. */
    public List<String> whyNot() {
        SweepPoint chosen = proposal().map(Proposal::point).orElse(null);
        Optional<SweepPoint> best = bestOf(sound());
        double without = without();
        double loops = mostLoops();
        return points.stream()
                .map(point -> {
                    if (point.strength() == 0 || point.equals(chosen)) {
                        return "";
                    }
                    if (!point.broken().isEmpty()) {
                        return "numbers overflow";
                    }
                    if (point.loops().mean() > loops) {
                        return String.format(
                                Locale.ROOT,
                                "%.0f%% of answers loop",
                                100 * point.loops().mean());
                    }
                    if (orZero(point.meanFluentConcept()) <= without) {
                        return "no more of the concept than unsteered";
                    }
                    if (best.isPresent() && point.meanFluentConcept() < enough(best.get())) {
                        return String.format(
                                Locale.ROOT,
                                "less of the concept than %.2f",
                                best.get().meanFluentConcept());
                    }
                    return chosen == null || point.meanDivergence() == chosen.meanDivergence()
                            ? "moves the model as far"
                            : String.format(
                                    Locale.ROOT,
                                    "moves the model %.1f times as far",
                                    point.meanDivergence() / chosen.meanDivergence());
                })
                .toList();
    }

    private static List<String> sentences(SweepPoint chosen, SweepPoint best, double without) {
        List<String> sentences = new ArrayList<>();
        sentences.add(String.format(
                Locale.ROOT,
                chosen.unit() == Strength.Unit.NORMS
                        ? "Add %s after block %d at strength %.2f, in activation norms (raw multiplier %.2f)."
                        : "Add %s after block %d with raw multiplier %4$.2f.",
                chosen.method(),
                chosen.layer(),
                chosen.strength(),
                chosen.coefficient()));
        sentences.add(String.format(
                Locale.ROOT,
                "There the concept scores %.2f (95%%: %s, %d questions), unsteered %.2f; %.0f%% of answers loop.",
                chosen.meanFluentConcept(),
                chosen.fluentConcept().range(2),
                chosen.samples().size(),
                without,
                100 * chosen.loops().mean()));
        if (!chosen.equals(best)) {
            sentences.add(String.format(
                    Locale.ROOT,
                    "The highest score, %.2f with %s after block %d at %.2f, is not clearly above it and moves the model"
                            + " %.1f times as far (KL %.3f against %.3f nats per token).",
                    best.fluentConcept().mean(),
                    best.method(),
                    best.layer(),
                    best.strength(),
                    best.divergence().mean() / chosen.divergence().mean(),
                    best.divergence().mean(),
                    chosen.divergence().mean()));
        }
        return sentences;
    }

    private static double orZero(double value) {
        return Double.isFinite(value) ? value : 0;
    }
}
