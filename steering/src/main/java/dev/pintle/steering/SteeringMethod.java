package dev.pintle.steering;

import dev.pintle.base.Problem;
import dev.pintle.model.Decoding;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** How a steering vector is fitted: which texts a model reads, where, and how what it makes of them becomes one vector. */
public sealed interface SteeringMethod permits SteeringMethod.Paired, DiffMean, GeneratedTokens {
    /** How directions become one vector. */
    Aggregation aggregation();

    /** Name in files and on the command line. */
    String name();

    /** The name of what is read, for the record of what was done. */
    String positionsName();

    /** What else the method was told, in words, for the record of what was done; empty where there is nothing to tell. */
    default String settings() {
        return "";
    }

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
        default String settings() {
            return normalisesDirections() ? "each direction of length 1" : "directions as read";
        }

        @Override
        default String positionsName() {
            return positions().name();
        }
    }

    /** The names, for those who choose a method by its name. */
    List<String> NAMES = List.of(
            "all-positions",
            "first-difference",
            "after-last-difference",
            "last-position",
            "contrast",
            "diff-mean",
            "generated-tokens");

    /** Longest answer that generated-tokens reads where nothing else is said. */
    int USUAL_ANSWER = 32;

    /**
     * The method of a name, as it usually reads: diff-mean at the last position, generated-tokens greedy answers of up to
     * {@value #USUAL_ANSWER} tokens.
     *
     * @throws IllegalArgumentException listing the names; for {@code contrast}, which needs positions
     */
    static SteeringMethod of(String name, List<ContrastPair> pairs, Aggregation aggregation) {
        return of(name, pairs, null, aggregation);
    }

    /**
     * The method of a name, reading at positions of choice where the method leaves them open.
     *
     * @param positions null for where the method usually reads
     * @throws IllegalArgumentException listing the names, or if the method reads elsewhere
     */
    static SteeringMethod of(
            String name, List<ContrastPair> pairs, @Nullable Positions positions, Aggregation aggregation) {
        SteeringMethod method = switch (name) {
            case "all-positions" -> new AllPositions(only(name, pairs), aggregation);
            case "first-difference" -> new FirstDifference(only(name, pairs), aggregation);
            case "after-last-difference" -> new AfterLastDifference(only(name, pairs), aggregation);
            case "last-position" -> new LastPosition(pairs, true, aggregation);
            case "contrast" -> new Contrast(pairs, required(positions), false, aggregation);
            case "diff-mean" -> DiffMean.ofPairs(pairs, positions == null ? Positions.last() : positions, aggregation);
            case "generated-tokens" -> new GeneratedTokens(pairs, Decoding.greedy(USUAL_ANSWER), aggregation);
            default ->
                throw Problem.of("There is no such method.")
                        .fact("but was", name)
                        .fact("choose", String.join(", ", NAMES))
                        .toIllegalArgument();
        };
        if (positions != null && !positions.name().equals(method.positionsName())) {
            throw Problem.of("The method reads at positions of its own.")
                    .fact("method", name + ", which reads " + method.positionsName())
                    .fact("asked for", positions.name())
                    .fact("try", "contrast or diff-mean, which read where they are told")
                    .toIllegalArgument();
        }
        return method;
    }

    private static Positions required(@Nullable Positions positions) {
        if (positions == null) {
            throw Problem.of("The method contrast needs positions to read.")
                    .fact("choose", Positions.NAMES)
                    .toIllegalArgument();
        }
        return positions;
    }

    private static ContrastPair only(String name, List<ContrastPair> pairs) {
        if (pairs.size() != 1) {
            throw Problem.of("The method reads one pair.")
                    .fact("method", name)
                    .fact("but was", pairs.size() + " pairs")
                    .fact("try", "last-position or diff-mean, or contrast with positions of your choice")
                    .toIllegalArgument();
        }
        return pairs.get(0);
    }
}
