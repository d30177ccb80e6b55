package dev.pintle.evaluation;

import dev.pintle.base.Problem;
import dev.pintle.base.Progress;
import dev.pintle.model.LanguageModel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.stream.IntStream;

/**
 * What steering does to a model's knowledge: which of the choices of multiple-choice questions it finds likeliest. The
 * prompt is plain text in MMLU's form, and a choice's probability that of a space and its letter after it.
 *
 * @param multiples of the steering's strengths, ascending; 0 is unsteered
 * @param questions what was asked
 * @param chosen `[multiples][questions]`, the index of the likeliest choice
 */
public record Capability(double[] multiples, List<MultipleChoice> questions, int[][] chosen) {
    /** Questions that are asked together; no number depends on more than these. */
    public static final int AT_ONCE = 16;

    /** Copies the list. */
    public Capability {
        questions = List.copyOf(questions);
    }

    /**
     * Asks every question in every setting.
     *
     * @param models by multiple: the model as steered
     */
    public static Capability of(
            SortedMap<Double, LanguageModel> models, List<MultipleChoice> questions, Progress progress) {
        int[][] chosen = new int[models.size()][questions.size()];
        int total = models.size() * questions.size();
        int row = 0;
        for (LanguageModel model : models.values()) {
            for (int from = 0; from < questions.size(); from += AT_ONCE) {
                progress.at("questions", row * questions.size() + from, total);
                List<MultipleChoice> some = questions.subList(from, Math.min(questions.size(), from + AT_ONCE));
                int[] best = chosen(model, some);
                System.arraycopy(best, 0, chosen[row], from, best.length);
            }
            row++;
        }
        progress.at("questions", total, total);
        return new Capability(
                models.keySet().stream().mapToDouble(Double::doubleValue).toArray(), questions, chosen);
    }

    private static int[] chosen(LanguageModel model, List<MultipleChoice> questions) {
        List<LogProbabilities.Row> rows = new ArrayList<>();
        for (MultipleChoice question : questions) {
            int[] prompt = model.tokenizer().encode(model.tokenizer().asText(question.prompt()));
            for (int choice = 0; choice < question.choices().size(); choice++) {
                rows.add(new LogProbabilities.Row(
                        prompt, model.tokenizer().encodeAsText(" " + MultipleChoice.letter(choice))));
            }
        }
        List<double[]> tokens = LogProbabilities.of(model, rows);
        int[] chosen = new int[questions.size()];
        int at = 0;
        for (int i = 0; i < chosen.length; i++) {
            double best = Double.NEGATIVE_INFINITY;
            for (int choice = 0; choice < questions.get(i).choices().size(); choice++) {
                double sum = Arrays.stream(tokens.get(at++)).sum();
                if (sum > best) {
                    best = sum;
                    chosen[i] = choice;
                }
            }
        }
        return chosen;
    }

    /**
     * All at one multiple.
     *
     * @param multiple of the steering
     * @param accuracy share of questions whose right answer is the likeliest
     * @param change of the accuracy from unsteered, from the same questions; NaN where unsteered was not tried
     * @param gained number of questions answered right that are answered wrong unsteered
     * @param lost the other way round
     */
    public record At(double multiple, Interval accuracy, Interval change, int gained, int lost) {}

    /** One per multiple. */
    public List<At> at() {
        int unsteered = IntStream.range(0, multiples.length)
                .filter(i -> multiples[i] == 0)
                .findFirst()
                .orElse(-1);
        List<At> all = new ArrayList<>();
        for (int i = 0; i < multiples.length; i++) {
            double[] changes = new double[questions.size()];
            int right = 0;
            int gained = 0;
            int lost = 0;
            for (int q = 0; q < changes.length; q++) {
                boolean now = isRight(i, q);
                boolean before = unsteered >= 0 && isRight(unsteered, q);
                right += now ? 1 : 0;
                gained += unsteered >= 0 && now && !before ? 1 : 0;
                lost += !now && before ? 1 : 0;
                changes[q] = unsteered < 0 ? Double.NaN : (now ? 1 : 0) - (before ? 1 : 0);
            }
            all.add(new At(
                    multiples[i],
                    Interval.ofShare(right, changes.length),
                    i == unsteered ? Interval.exactly(0, changes.length) : Interval.ofBounded(changes, -1, 1),
                    gained,
                    lost));
        }
        return all;
    }

    private boolean isRight(int multiple, int question) {
        return chosen[multiple][question] == questions.get(question).answer();
    }

    /**
     * With the questions of another part of the same evaluation after these.
     *
     * @throws IllegalArgumentException if the multiples are others
     */
    public Capability and(Capability other) {
        if (!Arrays.equals(multiples, other.multiples)) {
            throw Problem.of("Evaluations at other multiples cannot be joined.")
                    .fact("expected", Arrays.toString(multiples))
                    .fact("but was", Arrays.toString(other.multiples))
                    .toIllegalArgument();
        }
        List<MultipleChoice> all = new ArrayList<>(questions);
        all.addAll(other.questions);
        int[][] joined = new int[multiples.length][];
        for (int i = 0; i < joined.length; i++) {
            joined[i] = Arrays.copyOf(chosen[i], all.size());
            System.arraycopy(other.chosen[i], 0, joined[i], questions.size(), other.questions.size());
        }
        return new Capability(multiples, all, joined);
    }

    /** For JSON: per multiple, and per question what was chosen. */
    public Map<String, Object> fields() {
        return EvaluationJson.fields(this);
    }
}
