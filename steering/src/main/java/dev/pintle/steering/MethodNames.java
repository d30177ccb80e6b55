package dev.pintle.steering;

import dev.pintle.base.Problem;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The methods that can be chosen by name. New ones are listed here and nowhere else. */
final class MethodNames {
    static final List<Named> ALL = List.of(
            new Named("all-positions", (pairs, at) -> Contrast.allPositions(only("all-positions", pairs))),
            new Named("first-difference", (pairs, at) -> Contrast.firstDifference(only("first-difference", pairs))),
            new Named(
                    "after-last-difference",
                    (pairs, at) -> Contrast.afterLastDifference(only("after-last-difference", pairs))),
            new Named("last-position", (pairs, at) -> Contrast.lastPosition(pairs)),
            new Named("contrast", (pairs, at) -> Contrast.contrast(pairs, required(at))),
            new Named("diff-mean", (pairs, at) -> DiffMean.ofPairs(pairs, at == null ? Positions.last() : at)),
            new Named(
                    "generated-tokens",
                    (pairs, at) -> GeneratedTokens.generatedTokens(pairs, SteeringMethod.USUAL_ANSWER)));

    private MethodNames() {}

    /** A name and the method it refers to. */
    record Named(String name, Maker maker) {}

    /** Creates a method from pairs, with the mean as aggregation. */
    interface Maker {
        /** @param positions the positions to read, for methods that leave them open; null for the default ones */
        SteeringMethod of(List<ContrastPair> pairs, @Nullable Positions positions);
    }

    static SteeringMethod of(
            String name, List<ContrastPair> pairs, @Nullable Positions positions, Aggregation aggregation) {
        return ALL.stream()
                .filter(named -> named.name().equals(name))
                .findFirst()
                .orElseThrow(() -> Problem.of("There is no such method.")
                        .fact("but was", name)
                        .fact("choose", String.join(", ", SteeringMethod.NAMES))
                        .toIllegalArgument())
                .maker()
                .of(pairs, positions)
                .withAggregation(aggregation);
    }

    private static Positions required(@Nullable Positions positions) {
        if (positions == null) {
            throw Problem.of("The method contrast needs the positions to read.")
                    .fact("choose", Positions.NAMES)
                    .toIllegalArgument();
        }
        return positions;
    }

    private static ContrastPair only(String name, List<ContrastPair> pairs) {
        if (pairs.size() != 1) {
            throw Problem.of("The method reads exactly one pair.")
                    .fact("method", name)
                    .fact("but was", pairs.size() + " pairs")
                    .fact("try", "last-position or diff-mean, or contrast with positions of your choice")
                    .toIllegalArgument();
        }
        return pairs.get(0);
    }
}
