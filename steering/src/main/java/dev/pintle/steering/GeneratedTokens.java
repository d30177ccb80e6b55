package dev.pintle.steering;

import dev.pintle.base.Problem;
import dev.pintle.model.Decoding;
import java.util.List;

/**
 * The mean difference over what the model itself says: both prompts of a pair are answered, and a pair's direction is half
 * the difference of the mean activations over the two answers' tokens.
 *
 * <p>Response reading as for persona vectors (Chen et al. 2025, arXiv:2507.21509), without the judge that sorts out answers
 * which do not show the trait. Reads what a concept does to the speaker, where the other methods read what the prompt says.
 *
 * @param pairs prompts that end where an answer begins
 * @param decoding how to answer
 * @param aggregation how the directions of the pairs become one vector
 */
public record GeneratedTokens(List<ContrastPair> pairs, Decoding decoding, Aggregation aggregation)
        implements SteeringMethod {
    /** @throws IllegalArgumentException if there is no pair, or answers would have no token */
    public GeneratedTokens {
        pairs = List.copyOf(pairs);
        if (pairs.isEmpty() || decoding.maxNewTokens() == 0) {
            throw Problem.of("There is no answer to read.")
                    .fact("pairs", pairs.size())
                    .fact("new tokens", decoding.maxNewTokens())
                    .toIllegalArgument();
        }
    }

    /** Greedy answers, and the mean of the directions. */
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
