package dev.pintle.steering;

import dev.pintle.base.Problem;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a steering vector is fitted: which texts the model reads, at which positions, and how the directions are
 * combined.
 */
public sealed interface SteeringMethod permits Contrast, DiffMean, GeneratedTokens {
    /** The names of the methods that can be chosen by name. */
    List<String> NAMES = MethodNames.ALL.stream().map(MethodNames.Named::name).toList();

    /** Default maximum length of an answer for generated-tokens, in tokens. */
    int USUAL_ANSWER = 32;

    /** How directions are combined into one vector. */
    Aggregation aggregation();

    /** A copy with another aggregation. */
    SteeringMethod withAggregation(Aggregation other);

    /** The name in files and on the command line. */
    String name();

    /** The name of the positions read, for the record. */
    String positionsName();

    /** Other settings of the method, in words, for the record; empty if there are none. */
    default String settings() {
        return "";
    }

    /**
     * The method of a name with its default settings: diff-mean reads the last position, generated-tokens greedy
     * answers of up to {@value #USUAL_ANSWER} tokens.
     *
     * @throws IllegalArgumentException listing the names, or for {@code contrast}, which needs positions
     */
    static SteeringMethod of(String name, List<ContrastPair> pairs, Aggregation aggregation) {
        return MethodNames.of(name, pairs, null, aggregation);
    }

    /**
     * The method of a name, reading at the given positions if the method leaves them open.
     *
     * @param positions null for the method's default ones
     * @throws IllegalArgumentException listing the names, or if the method reads at other positions
     */
    static SteeringMethod of(
            String name, List<ContrastPair> pairs, @Nullable Positions positions, Aggregation aggregation) {
        SteeringMethod method = MethodNames.of(name, pairs, positions, aggregation);
        if (positions != null && !positions.name().equals(method.positionsName())) {
            throw Problem.of("The method reads at fixed positions.")
                    .fact("method", name + ", which reads " + method.positionsName())
                    .fact("asked for", positions.name())
                    .fact("try", "contrast or diff-mean, which read any positions")
                    .toIllegalArgument();
        }
        return method;
    }
}
