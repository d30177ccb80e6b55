package dev.pintle.steering;

import java.util.List;

/**
 * The mean difference from the first position at which the prompts of one pair differ: v = unit(mean_{t ≥ first} (h⁺_t −
 * h⁻_t) / 2).
 *
 * <p>Its mean is that of {@link AllPositions}, since the positions it leaves out give zero. Other aggregations differ: zeros
 * weigh in centring.
 *
 * @param pair two prompts of one length
 * @param aggregation how the positions become one vector
 */
public record FirstDifference(ContrastPair pair, Aggregation aggregation) implements SteeringMethod.Paired {
    /** With the mean of the directions. */
    public FirstDifference(ContrastPair pair) {
        this(pair, Aggregation.mean());
    }

    /** For static import. */
    public static FirstDifference firstDifference(ContrastPair pair) {
        return new FirstDifference(pair);
    }

    @Override
    public List<ContrastPair> pairs() {
        return List.of(pair);
    }

    @Override
    public Positions positions() {
        return Positions.fromFirstDifference();
    }

    @Override
    public boolean normalisesDirections() {
        return false;
    }

    @Override
    public String name() {
        return "first-difference";
    }
}
