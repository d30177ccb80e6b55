package dev.pintle.steering;

import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import dev.pintle.model.Generated;
import dev.pintle.model.GenerationListener;
import dev.pintle.model.GenerationRequest;
import dev.pintle.model.LanguageModel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** What a method compares: for each pair, two sequences of token ids and the positions at which each is read. */
final class Comparisons {
    private static final int ANSWERED_AT_ONCE = 64;
    private static final int MOST_SHOWN = 5;

    private final LanguageModel model;
    private final SteeringMethod method;

    private Comparisons(LanguageModel model, SteeringMethod method) {
        this.model = model;
        this.method = method;
    }

    /** Two sequences whose activations are compared. */
    record Comparison(int[] positive, int[] positiveAt, int[] negative, int[] negativeAt) {
        long rows() {
            return positiveAt.length + (long) negativeAt.length;
        }

        /** Whether both sides are read at the same positions, with identical tokens up to there. */
        boolean readsTheSame() {
            int mismatch = Arrays.mismatch(positive, negative);
            int common = mismatch < 0 ? positive.length : mismatch;
            return Arrays.equals(positiveAt, negativeAt)
                    && Arrays.stream(positiveAt).allMatch(position -> position < common);
        }

        /** The last few ids that the positive side reads. */
        int[] readIds() {
            return Arrays.stream(positiveAt)
                    .skip(Math.max(0, positiveAt.length - 8))
                    .map(position -> positive[position])
                    .toArray();
        }
    }

    /**
     * One comparison per pair, in order; for generated-tokens, the model first answers the prompts.
     *
     * @throws PintleException naming the pair that does not fit the method
     */
    static List<Comparison> of(LanguageModel model, SteeringMethod method) {
        Comparisons comparisons = new Comparisons(model, method);
        return method instanceof GeneratedTokens generated
                ? comparisons.answered(generated)
                : comparisons.compared((Contrast) method);
    }

    static void requireLength(LanguageModel model, int tokens) {
        if (tokens > model.config().maxPositions()) {
            throw Problem.of("A prompt is longer than the model's context.")
                    .fact("expected", "at most " + model.config().maxPositions() + " tokens")
                    .fact("but was", tokens)
                    .toException();
        }
    }

    private List<Comparison> compared(Contrast paired) {
        List<TokenPair> tokens = tokenized(paired.pairs());
        List<Comparison> comparisons = new ArrayList<>();
        for (int i = 0; i < tokens.size(); i++) {
            comparisons.add(comparison(tokens.get(i), paired.positions(), paired.pairs(), i));
        }
        requireDifferent(comparisons, paired.pairs());
        return comparisons;
    }

    private Comparison comparison(TokenPair tokens, Positions positions, List<ContrastPair> pairs, int index) {
        try {
            Positions.Selection selection = positions.of(tokens);
            requireLength(
                    model,
                    Math.max(tokens.positive().length(), tokens.negative().length()));
            return new Comparison(
                    tokens.positive().ids(),
                    selection.positive(),
                    tokens.negative().ids(),
                    selection.negative());
        } catch (PintleException e) {
            throw pairs.size() == 1 && pairs.get(0).label().isEmpty()
                    ? e
                    : new PintleException(e.problem().fact("pair", shown(pairs, index)), e);
        }
    }

    private static String shown(List<ContrastPair> pairs, int index) {
        String label = pairs.get(index).label();
        return label.isEmpty() ? (index + 1) + " of " + pairs.size() : label;
    }

    /** A pair whose prompts are identical up to the positions read would contribute a zero direction. */
    private void requireDifferent(List<Comparison> comparisons, List<ContrastPair> pairs) {
        List<Integer> same = IntStream.range(0, comparisons.size())
                .filter(i -> comparisons.get(i).readsTheSame())
                .boxed()
                .toList();
        if (same.isEmpty()) {
            return;
        }
        Problem problem = Problem.of(
                same.size() == 1
                        ? "A pair's prompts are identical up to where they are read, so there is nothing to contrast."
                        : "The prompts of " + same.size()
                                + " pairs are identical up to where they are read, so there is nothing to contrast.");
        for (int index : same.subList(0, Math.min(MOST_SHOWN, same.size()))) {
            problem = problem.fact("pair", shown(pairs, index));
        }
        problem = same.size() > MOST_SHOWN
                ? problem.fact("pair", "and " + (same.size() - MOST_SHOWN) + " more")
                : problem;
        Comparison first = comparisons.get(same.get(0));
        throw problem.fact("positions", method.positionsName())
                .fact("both read", model.tokenizer().decode(first.readIds(), false))
                .fact("try", "removing such pairs, or positions after the difference")
                .toException();
    }

    /** Uses all cores: a GPU reads tokens faster than a single core can produce them. */
    private List<TokenPair> tokenized(List<ContrastPair> pairs) {
        return pairs.parallelStream().map(pair -> pair.tokens(model.text())).toList();
    }

    private List<Comparison> answered(GeneratedTokens generated) {
        List<int[]> prompts = tokenized(generated.pairs()).stream()
                .flatMap(tokens ->
                        Stream.of(tokens.positive().ids(), tokens.negative().ids()))
                .toList();
        prompts.forEach(ids -> requireLength(model, ids.length));
        List<Generated> answers = new ArrayList<>();
        for (int from = 0; from < prompts.size(); from += ANSWERED_AT_ONCE) {
            List<int[]> some = prompts.subList(from, Math.min(prompts.size(), from + ANSWERED_AT_ONCE));
            answers.addAll(model.generate(
                    some.stream()
                            .map(ids -> GenerationRequest.of(ids, generated.decoding()))
                            .toList(),
                    GenerationListener.SILENT));
            answers.forEach(Generated::requireFinite);
        }
        List<Comparison> comparisons = new ArrayList<>();
        for (int i = 0; i < answers.size(); i += 2) {
            Generated positive = answers.get(i);
            Generated negative = answers.get(i + 1);
            if (positive.ids().length == 0 || negative.ids().length == 0) {
                throw Problem.of("The model's answer is empty, so there is nothing to read.")
                        .fact("pair", shown(generated.pairs(), i / 2))
                        .fact("positive", positive.ids().length + " tokens")
                        .fact("negative", negative.ids().length + " tokens")
                        .toException();
            }
            comparisons.add(new Comparison(joined(positive), answerOf(positive), joined(negative), answerOf(negative)));
        }
        requireDifferent(comparisons, generated.pairs());
        return comparisons;
    }

    private static int[] joined(Generated answer) {
        int[] all = Arrays.copyOf(answer.promptIds(), answer.promptIds().length + answer.ids().length);
        System.arraycopy(answer.ids(), 0, all, answer.promptIds().length, answer.ids().length);
        return all;
    }

    private static int[] answerOf(Generated answer) {
        int start = answer.promptIds().length;
        return IntStream.range(start, start + answer.ids().length).toArray();
    }
}
