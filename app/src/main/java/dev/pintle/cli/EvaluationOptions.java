package dev.pintle.cli;

import dev.pintle.base.Problem;
import dev.pintle.evaluation.Concept;
import dev.pintle.evaluation.EvaluationItems;
import dev.pintle.evaluation.MultipleChoice;
import dev.pintle.evaluation.StyleMarker;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What an evaluation asks, at which multiples of a steering, and how answers are scored. */
public final class EvaluationOptions {
    @Option(
            names = "--multiples",
            split = ",",
            paramLabel = "X",
            defaultValue = "-1.5,-1,-0.5,0,0.5,1,1.5",
            description = "What the strengths in --steer are multiplied by (default: ${DEFAULT-VALUE}).")
    private List<Double> multiples = new ArrayList<>();

    @Option(
            names = "--choices",
            paramLabel = "FILE",
            description =
                    "JSON list, or .jsonl, of question, answer_matching_behavior and answer_not_matching_behavior:"
                            + " contrastive activation addition's and Anthropic's model-written evaluations.")
    private @Nullable Path choices;

    @Option(
            names = "--capability",
            paramLabel = "FILE",
            description = "Multiple-choice questions as MMLU has them: .csv of question,A,B,C,D,answer, or .jsonl of"
                    + " question, choices and answer; may be repeated.")
    private List<Path> capability = new ArrayList<>();

    @Option(names = "--max-items", paramLabel = "N", description = "Only the first N questions of each file.")
    private @Nullable Integer mostItems;

    @Mixin
    private QuestionOptions questions = new QuestionOptions();

    @HelpSection.In(HelpSection.SCORE)
    @Option(
            names = "--style",
            paramLabel = "STYLE",
            description = "Score by a style of the embedded model: by its marker, or by what --judge rates.")
    private @Nullable String style;

    @Mixin
    private ScoreOptions score = new ScoreOptions();

    /** Longest answer, in tokens. */
    public int maxNewTokens() {
        return questions.maxNewTokens();
    }

    /**
     * The multiples, ascending, each once.
     *
     * @throws IllegalArgumentException if none of them steers
     */
    public List<Double> multiples() {
        List<Double> all = multiples.stream()
                .map(multiple -> multiple == 0 ? 0 : multiple) // -0 is 0
                .distinct()
                .sorted()
                .toList();
        if (!all.stream().allMatch(Double::isFinite) || all.equals(List.of(0.0)) || all.isEmpty()) {
            throw Problem.of("There is no steering to evaluate.")
                    .fact("expected", "finite --multiples, one of them other than 0")
                    .fact("but was", multiples)
                    .toIllegalArgument();
        }
        return all;
    }

    /**
     * The concept that is looked for in answers.
     *
     * @param variables the environment, for a judge
     * @throws IllegalArgumentException if it is not said what a judge rates
     */
    public Concept concept(Map<String, String> variables) {
        Optional<Concept> named = score.concept(
                variables, () -> StyleMarker.embedded(requiredStyle()).ask());
        return named.orElseGet(
                () -> style == null ? new Concept.Unscored() : new Concept.Marked(StyleMarker.embedded(style)));
    }

    private String requiredStyle() {
        if (style == null) {
            throw Problem.of("It is not said what the judge rates.")
                    .fact("expected", "--concept TEXT, or --style STYLE")
                    .fact("try", "--concept 'talking like a pirate'")
                    .toIllegalArgument();
        }
        return style;
    }

    /**
     * What is asked.
     *
     * @param concept that is looked for in answers
     * @throws IllegalArgumentException if that is nothing
     * @throws dev.pintle.base.PintleException if a file cannot be used
     */
    public EvaluationItems items(Concept concept) {
        if (mostItems != null && mostItems < 1) {
            throw Problem.of("An evaluation needs at least one question.")
                    .fact("but was", mostItems)
                    .toIllegalArgument();
        }
        Map<String, Concept.Choices.Choice> pairs = new LinkedHashMap<>();
        if (choices != null) {
            Map<String, Concept.Choices.Choice> all =
                    Concept.Choices.read(choices).choices();
            first(List.copyOf(all.keySet())).forEach(question -> pairs.put(question, all.get(question)));
        }
        List<MultipleChoice> accuracy = new ArrayList<>();
        capability.forEach(file -> accuracy.addAll(first(MultipleChoice.read(file))));
        boolean asks = questions.areGiven() || !(concept instanceof Concept.Unscored);
        return new EvaluationItems(pairs, accuracy, asks ? first(questions.questions()) : List.of());
    }

    private <T> List<T> first(List<T> all) {
        return mostItems == null ? all : all.subList(0, Math.min(mostItems, all.size()));
    }
}
