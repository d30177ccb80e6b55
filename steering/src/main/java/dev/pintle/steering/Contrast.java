package dev.pintle.steering;

import java.util.List;

/**
 * Any pairs, read at any positions. The general form of the methods that have names of their own; the answer letters of
 * multiple-choice items are read with it.
 *
 * @param pairs prompts that differ in the concept
 * @param positions where to read them
 * @param normalisesDirections whether every direction gets length 1 before they are aggregated
 * @param aggregation how the directions become one vector
 */
public record Contrast(
        List<ContrastPair> pairs, Positions positions, boolean normalisesDirections, Aggregation aggregation)
        implements SteeringMethod.Paired {
    /** Keeps a copy of the pairs. */
    public Contrast {
        pairs = List.copyOf(pairs);
    }

    /** The mean difference at some positions. */
    public static Contrast contrast(List<ContrastPair> pairs, Positions positions) {
        return new Contrast(pairs, positions, false, Aggregation.mean());
    }

    @Override
    public String name() {
        return "contrast";
    }
}
