package dev.pintle.steering;

import dev.pintle.problem.Problem;
import java.util.List;

/** How a steering vector is fitted: which texts a model reads, where, and how what it makes of them becomes one vector. */
public sealed interface SteeringMethod permits SteeringMethod.Paired, DiffMean, GeneratedTokens {
    /** How directions become one vector. */
    Aggregation aggregation();

    /** Name in files and on the command line. */
    String name();

    /** The name of what is read, for the record of what was done. */
    String positionsName();

    /**
     * A method that takes half the difference of the activations of two prompts, position by position, as a direction: d =
     * (h⁺ − h⁻) / 2.
     */
    sealed interface Paired extends SteeringMethod
            permits AllPositions, FirstDifference, AfterLastDifference, LastPosition, Contrast {
        /** The prompts it compares; at least one pair. */
        List<ContrastPair> pairs();

        /** Where it reads them. */
        Positions positions();

        /** Whether every direction gets length 1 before they are aggregated. */
        boolean normalisesDirections();

        @Override
        default String positionsName() {
            return positions().name();
        }
    }

    /** The methods by name, for those who choose one by its name. */
    static SteeringMethod of(String name, List<ContrastPair> pairs, Aggregation aggregation) {
        return switch (name) {
            case "all-positions" -> new AllPositions(only(name, pairs), aggregation);
            case "first-difference" -> new FirstDifference(only(name, pairs), aggregation);
            case "after-last-difference" -> new AfterLastDifference(only(name, pairs), aggregation);
            case "last-position" -> new LastPosition(pairs, true, aggregation);
            case "diff-mean" -> DiffMean.ofPairs(pairs, Positions.last(), aggregation);
            default ->
                throw Problem.of("There is no such method.")
                        .fact("but was", name)
                        .fact(
                                "choose",
                                "all-positions, first-difference, after-last-difference, last-position, diff-mean, generated-tokens")
                        .toIllegalArgument();
        };
    }

    private static ContrastPair only(String name, List<ContrastPair> pairs) {
        if (pairs.size() != 1) {
            throw Problem.of("The method reads one pair.")
                    .fact("method", name)
                    .fact("but was", pairs.size() + " pairs")
                    .fact("try", "last-position or diff-mean, or Contrast with positions of your choice")
                    .toIllegalArgument();
        }
        return pairs.get(0);
    }
}
