package dev.pintle.steering;

import java.util.List;

/**
 * The mean difference at the last position of many pairs: v = unit(mean_p d_p), d_p = (h⁺ − h⁻) / 2 at the last token, each
 * of length 1 first where {@code normalisesDirections}.
 *
 * <p>Contrastive activation addition (CAA; Panickssery et al. 2023, arXiv:2312.06681). Giving each direction length 1 keeps
 * pairs with large activations from outweighing the rest.
 *
 * @param pairs prompts that differ in the concept and end at the position of interest
 * @param normalisesDirections whether every pair weighs the same
 * @param aggregation how the pairs become one vector
 */
public record LastPosition(List<ContrastPair> pairs, boolean normalisesDirections, Aggregation aggregation)
        implements SteeringMethod.Paired {
    /** Keeps a copy of the pairs. */
    public LastPosition {
        pairs = List.copyOf(pairs);
    }

    /** With the mean of the directions. */
    public LastPosition(List<ContrastPair> pairs, boolean normalisesDirections) {
        this(pairs, normalisesDirections, Aggregation.mean());
    }

    /** For static import: every pair weighs the same. */
    public static LastPosition lastPosition(List<ContrastPair> pairs) {
        return new LastPosition(pairs, true);
    }

    @Override
    public Positions positions() {
        return Positions.last();
    }

    @Override
    public String name() {
        return "last-position";
    }
}
