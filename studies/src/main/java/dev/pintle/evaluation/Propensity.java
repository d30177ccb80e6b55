package dev.pintle.evaluation;

import dev.pintle.base.Problem;
import dev.pintle.base.Progress;
import dev.pintle.model.LanguageModel;
import dev.pintle.text.Message;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.stream.IntStream;

/**
 * How steering moves the choice between two answers, question by question (Tan et al. 2024, arXiv:2407.12404). Propensity is
 * the log-odds of the answer that shows a behaviour against the one that does not, in nats; a question's slope is that of the
 * least-squares line of its propensity over the multiples of the steering. A mean alone hides that steering moves many questions the
 * wrong way.
 *
 * @param multiples of the steering's strengths, ascending; 0 is unsteered
 * @param questions what was asked
 * @param propensities `[multiples][questions]`, in nats
 */
public record Propensity(double[] multiples, List<String> questions, double[][] propensities) {
    /** Questions that are asked together; no number depends on more than these. */
    public static final int AT_ONCE = 32;

    /** Copies the list. */
    public Propensity {
        questions = List.copyOf(questions);
    }

    /**
     * Asks every question in every setting.
     *
     * @param models by multiple: the model as steered
     * @param items the questions, each asked as a user
     */
    public static Propensity of(SortedMap<Double, LanguageModel> models, Concept.Choices items, Progress progress) {
        List<String> questions = List.copyOf(items.choices().keySet());
        double[][] all = new double[models.size()][questions.size()];
        int total = models.size() * questions.size();
        int row = 0;
        for (LanguageModel model : models.values()) {
            for (int from = 0; from < questions.size(); from += AT_ONCE) {
                progress.at("choices", row * questions.size() + from, total);
                List<String> some = questions.subList(from, Math.min(questions.size(), from + AT_ONCE));
                List<int[]> prompts = some.stream()
                        .map(question -> model.chatTokens(List.of(Message.user(question))))
                        .toList();
                double[] logOdds = items.logOdds(model, some, prompts);
                System.arraycopy(logOdds, 0, all[row], from, logOdds.length);
            }
            row++;
        }
        progress.at("choices", total, total);
        return new Propensity(
                models.keySet().stream().mapToDouble(Double::doubleValue).toArray(), questions, all);
    }

    /**
     * All at one multiple.
     *
     * @param multiple of the steering
     * @param propensity mean over questions, in nats
     * @param probability mean probability of the answer that shows the behaviour, of the two
     * @param matching share of questions where it is the likelier one
     */
    public record At(double multiple, Interval propensity, Interval probability, Interval matching) {}

    /** One per multiple. */
    public List<At> at() {
        List<At> all = new ArrayList<>();
        for (int i = 0; i < multiples.length; i++) {
            double[] row = propensities[i];
            all.add(new At(
                    multiples[i],
                    Interval.ofMean(row),
                    Interval.ofBounded(
                            Arrays.stream(row).map(x -> 1 / (1 + Math.exp(-x))).toArray(), 0, 1),
                    Interval.ofShare((int) Arrays.stream(row).filter(x -> x > 0).count(), row.length)));
        }
        return all;
    }

    /** The slope of each question, in nats per multiple; NaN for fewer than two multiples. */
    public double[] slopes() {
        return IntStream.range(0, questions.size())
                .mapToDouble(question -> LeastSquares.slope(
                        multiples,
                        IntStream.range(0, multiples.length)
                                .mapToDouble(i -> propensities[i][question])
                                .toArray()))
                .toArray();
    }

    /** Mean slope over questions, the steerability. */
    public Interval steerability() {
        return Interval.ofMean(slopes());
    }

    /** Share of questions that steering moves the wrong way: whose slope is below 0. */
    public Interval antiSteerable() {
        double[] slopes = slopes();
        return Interval.ofShare(
                (int) Arrays.stream(slopes).filter(slope -> slope < 0).count(), slopes.length);
    }

    /**
     * With the questions of another part of the same evaluation after these.
     *
     * @throws IllegalArgumentException if the multiples are others
     */
    public Propensity and(Propensity other) {
        if (!Arrays.equals(multiples, other.multiples)) {
            throw Problem.of("Evaluations at other multiples cannot be joined.")
                    .fact("expected", Arrays.toString(multiples))
                    .fact("but was", Arrays.toString(other.multiples))
                    .toIllegalArgument();
        }
        List<String> all = new ArrayList<>(questions);
        all.addAll(other.questions);
        double[][] joined = new double[multiples.length][];
        for (int i = 0; i < joined.length; i++) {
            joined[i] = Arrays.copyOf(propensities[i], all.size());
            System.arraycopy(other.propensities[i], 0, joined[i], questions.size(), other.questions.size());
        }
        return new Propensity(multiples, all, joined);
    }

    /** For JSON: per multiple, and per question with its slope. */
    public Map<String, Object> fields() {
        return EvaluationJson.fields(this);
    }
}
