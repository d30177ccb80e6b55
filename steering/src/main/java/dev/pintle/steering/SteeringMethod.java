package dev.pintle.steering;

import dev.pintle.base.Problem;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** How a steering vector is fitted: which texts a model reads, where, and how what it makes of them becomes one vector. */
public sealed interface SteeringMethod permits Contrast, DiffMean, GeneratedTokens {
    /** The names, for those who choose a method by its name. */
    List<String> NAMES = MethodNames.ALL.stream().map(MethodNames.Named::name).toList();

    /** Longest answer that generated-tokens reads where nothing else is said. */
    int USUAL_ANSWER = 32;

    /** How directions become one vector. */
    Aggregation aggregation();

    /** The same method with another aggregation. */
    SteeringMethod withAggregation(Aggregation other);

    /** Name in files and on the command line. */
    String name();

    /** The name of what is read, for the record of what was done. */
    String positionsName();

    /** What else the method was told, in words, for the record of what was done; empty where there is nothing to tell. */
    default String settings() {
        return "";
    }

    /**
     * The method of a name, as it usually reads: diff-mean at the last position, generated-tokens greedy answers of up to
     * {@value #USUAL_ANSWER} tokens.
     *
     * @throws IllegalArgumentException listing the names; for {@code contrast}, which needs positions
     */
    static SteeringMethod of(String name, List<ContrastPair> pairs, Aggregation aggregation) {
        return MethodNames.of(name, pairs, null, aggregation);
    }

    /**
     * The method of a name, reading at positions of choice where the method leaves them open.
     *
     * @param positions null for where the method usually reads
     * @throws IllegalArgumentException listing the names, or if the method reads elsewhere
     */
    static SteeringMethod of(
            String name, List<ContrastPair> pairs, @Nullable Positions positions, Aggregation aggregation) {
        SteeringMethod method = MethodNames.of(name, pairs, positions, aggregation);
        if (positions != null && !positions.name().equals(method.positionsName())) {
            throw Problem.of("The method reads at positions of its own.")
                    .fact("method", name + ", which reads " + method.positionsName())
                    .fact("asked for", positions.name())
                    .fact("try", "contrast or diff-mean, which read where they are told")
                    .toIllegalArgument();
        }
        return method;
    }
}
