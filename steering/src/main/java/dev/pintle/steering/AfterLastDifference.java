package dev.pintle.steering;

import java.util.List;

/**
 * The mean difference over the positions after the prompts last differ: v = unit(mean_{t > last difference} (h⁺_t − h⁻_t) / 2).
 *
 * <p>Unlike {@link AllPositions} it leaves out the positions at which the tokens themselves differ, whose difference is that
 * of two words rather than of what the model makes of them.
 *
 * @param pair two prompts that end on the same tokens
 * @param aggregation how the positions become one vector
 */
public record AfterLastDifference(ContrastPair pair, Aggregation aggregation) implements SteeringMethod.Paired {
    /** With the mean of the directions. */
    public AfterLastDifference(ContrastPair pair) {
        this(pair, Aggregation.mean());
    }

    /** For static import. */
    public static AfterLastDifference afterLastDifference(ContrastPair pair) {
        return new AfterLastDifference(pair);
    }

    @Override
    public List<ContrastPair> pairs() {
        return List.of(pair);
    }

    @Override
    public Positions positions() {
        return Positions.afterLastDifference();
    }

    @Override
    public boolean normalisesDirections() {
        return false;
    }

    @Override
    public String name() {
        return "after-last-difference";
    }
}
