package dev.pintle.steering;

import dev.pintle.base.Problem;
import dev.pintle.model.Decoding;
import java.util.List;

/**
 * The mean difference over the model's own answers: the model answers both prompts of a pair, and the pair's direction
 * is half the difference of the mean activations over the tokens of the two answers.
 *
 * <p>This follows persona vectors (Chen et al. 2025, arXiv:2507.21509), without the judge that filters out answers
 * which do not show the trait. It captures how a concept changes what the model says, whereas the other methods read
 * how the prompt describes it.
 *
 * @param pairs prompts that end where an answer begins
 * @param decoding how answers are generated
 * @param aggregation how the directions of the pairs are combined into one vector
 */
public record GeneratedTokens(List<ContrastPair> pairs, Decoding decoding, Aggregation aggregation)
        implements SteeringMethod {
    /** @throws IllegalArgumentException if there are no pairs, or answers would have no tokens */
    public GeneratedTokens {
        pairs = List.copyOf(pairs);
        if (pairs.isEmpty() || decoding.maxNewTokens() == 0) {
            throw Problem.of("There are no answers to read.")
                    .fact("pairs", pairs.size())
                    .fact("new tokens", decoding.maxNewTokens())
                    .toIllegalArgument();
        }
    }

    /** Generates answers greedily and takes the mean of the directions. */
    public static GeneratedTokens generatedTokens(List<ContrastPair> pairs, int maxNewTokens) {
        return new GeneratedTokens(pairs, Decoding.greedy(maxNewTokens), Aggregation.mean());
    }

    @Override
    public GeneratedTokens withAggregation(Aggregation other) {
        return new GeneratedTokens(pairs, decoding, other);
    }

    @Override
    public String name() {
        return "generated-tokens";
    }

    @Override
    public String settings() {
        return decoding instanceof Decoding.Greedy
                ? "greedy answers of at most " + decoding.maxNewTokens() + " tokens"
                : "answers drawn by " + decoding;
    }

    @Override
    public String positionsName() {
        return "generated";
    }
}
