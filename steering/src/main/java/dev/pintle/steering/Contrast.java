package dev.pintle.steering;

import dev.pintle.base.Problem;
import java.util.List;

/**
 * Half the difference of the activations of two prompts, position by position: d = (h⁺ − h⁻) / 2, and v = unit(mean d).
 *
 * <p>The factories are the named methods. They differ in where a pair is read, and in whether they take one pair or
 * many.
 *
 * @param name in files and on the command line
 * @param pairs prompts that differ in the concept
 * @param positions the positions to read
 * @param lengths whether each direction is normalised to length 1 before aggregation
 * @param aggregation how the directions are combined into one vector
 */
public record Contrast(
        String name, List<ContrastPair> pairs, Positions positions, Lengths lengths, Aggregation aggregation)
        implements SteeringMethod {
    /** Whether directions are normalised before aggregation. */
    public enum Lengths {
        /** Not normalised, so pairs that the model separates more clearly weigh more. */
        AS_READ("directions as read"),
        /** Normalised to length 1, so that pairs with large activations do not outweigh the rest. */
        UNIT("each direction of length 1");

        private final String words;

        Lengths(String words) {
            this.words = words;
        }
    }

    /** @throws IllegalArgumentException if there are no pairs */
    public Contrast {
        pairs = List.copyOf(pairs);
        if (pairs.isEmpty()) {
            throw Problem.of("There is no contrast pair to read.")
                    .fact("method", name)
                    .toIllegalArgument();
        }
    }

    /**
     * Every position of one pair: v = unit(mean_t (h⁺_t − h⁻_t) / 2).
     *
     * <p>A variant of contrastive activation addition (CAA; Panickssery et al. 2023, arXiv:2312.06681), which reads one
     * position of many pairs. Here one pair is enough, since each of its positions gives a direction; in a causal
     * model, positions before the first difference give zero.
     *
     * @param pair two prompts of the same token length
     */
    public static Contrast allPositions(ContrastPair pair) {
        return new Contrast("all-positions", List.of(pair), Positions.all(), Lengths.AS_READ, Aggregation.mean());
    }

    /**
     * The positions of one pair from the first at which its prompts differ: v = unit(mean_{t ≥ first} (h⁺_t − h⁻_t) / 2).
     *
     * <p>Its mean points the same way as that of {@link #allPositions}, since the positions it leaves out contribute
     * zero. Other aggregations differ, because zeros affect the centring.
     *
     * @param pair two prompts of the same token length
     */
    public static Contrast firstDifference(ContrastPair pair) {
        return new Contrast(
                "first-difference",
                List.of(pair),
                Positions.fromFirstDifference(),
                Lengths.AS_READ,
                Aggregation.mean());
    }

    /**
     * The positions of one pair after its prompts last differ: v = unit(mean_{t > last difference} (h⁺_t − h⁻_t) / 2).
     *
     * <p>Unlike {@link #allPositions}, it leaves out the positions at which the tokens themselves differ, where the
     * difference reflects the two tokens rather than what the model makes of them.
     *
     * @param pair two prompts that end on the same tokens
     */
    public static Contrast afterLastDifference(ContrastPair pair) {
        return new Contrast(
                "after-last-difference",
                List.of(pair),
                Positions.afterLastDifference(),
                Lengths.AS_READ,
                Aggregation.mean());
    }

    /**
     * The last position of many pairs, each direction normalised: v = unit(mean_p unit(d_p)).
     *
     * <p>Contrastive activation addition (CAA; Panickssery et al. 2023, arXiv:2312.06681). {@link #withLengths} can
     * keep the directions as read.
     *
     * @param pairs prompts that differ in the concept and end at the position of interest
     */
    public static Contrast lastPosition(List<ContrastPair> pairs) {
        return new Contrast("last-position", pairs, Positions.last(), Lengths.UNIT, Aggregation.mean());
    }

    /** Any positions of any pairs: the answer letters of multiple-choice items, for instance. */
    public static Contrast contrast(List<ContrastPair> pairs, Positions positions) {
        return new Contrast("contrast", pairs, positions, Lengths.AS_READ, Aggregation.mean());
    }

    /** A copy with directions normalised or not. */
    public Contrast withLengths(Lengths other) {
        return new Contrast(name, pairs, positions, other, aggregation);
    }

    @Override
    public Contrast withAggregation(Aggregation other) {
        return new Contrast(name, pairs, positions, lengths, other);
    }

    @Override
    public String settings() {
        return lengths.words;
    }

    @Override
    public String positionsName() {
        return positions.name();
    }
}
