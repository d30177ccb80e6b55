package dev.pintle.steering;

import dev.pintle.base.Problem;
import dev.pintle.text.Prompt;
import java.util.List;

/**
 * The difference of two class means: v = unit((μ⁺ − μ⁻) / 2), where μ is the mean over all positions read in all
 * prompts of a class (Marks and Tegmark 2023, arXiv:2310.06824). The prompts need not be paired, and the classes may
 * differ in size.
 *
 * <p>Aggregations other than the mean see the activations of both classes relative to the midpoint c of the class
 * means: h − c for the positive class, c − h for the negative.
 *
 * @param positive texts that show the concept
 * @param negative texts that do not
 * @param positions the positions to read in each; not a kind that compares two prompts
 * @param aggregation how the directions are combined into one vector
 */
public record DiffMean(List<Prompt> positive, List<Prompt> negative, Positions positions, Aggregation aggregation)
        implements SteeringMethod {
    /** @throws IllegalArgumentException if a class is empty or the positions compare two prompts */
    public DiffMean {
        positive = List.copyOf(positive);
        negative = List.copyOf(negative);
        if (positive.isEmpty() || negative.isEmpty()) {
            throw Problem.of("Both classes need at least one text.")
                    .fact("positive", positive.size())
                    .fact("negative", negative.size())
                    .toIllegalArgument();
        }
        if (positions instanceof Positions.FromFirstDifference || positions instanceof Positions.AfterLastDifference) {
            throw Problem.of("These positions compare two prompts, but diff-mean has no pairs.")
                    .fact("positions", positions.name())
                    .fact("choose", Positions.ONE_PROMPT)
                    .toIllegalArgument();
        }
    }

    /** Reads the last positions of two classes of texts. */
    public static DiffMean diffMean(List<Prompt> positive, List<Prompt> negative) {
        return new DiffMean(positive, negative, Positions.last(), Aggregation.mean());
    }

    /** Uses the two sides of pairs as classes. */
    public static DiffMean ofPairs(List<ContrastPair> pairs, Positions positions) {
        return new DiffMean(
                pairs.stream().map(ContrastPair::positive).toList(),
                pairs.stream().map(ContrastPair::negative).toList(),
                positions,
                Aggregation.mean());
    }

    @Override
    public DiffMean withAggregation(Aggregation other) {
        return new DiffMean(positive, negative, positions, other);
    }

    @Override
    public String name() {
        return "diff-mean";
    }

    @Override
    public String positionsName() {
        return positions.name();
    }
}
