package dev.pintle.steering;

import java.util.List;

/**
 * The mean difference over every position of one pair: v = unit(mean_t (h⁺_t − h⁻_t) / 2).
 *
 * <p>A variant of contrastive activation addition (CAA; Panickssery et al. 2023, arXiv:2312.06681), which reads one position
 * of many pairs. Here one pair serves, since each of its positions gives a direction; those before the first difference give
 * zero, in a causal model.
 *
 * @param pair two prompts of one length
 * @param aggregation how the positions become one vector
 */
public record AllPositions(ContrastPair pair, Aggregation aggregation) implements SteeringMethod.Paired {
    /** With the mean of the directions. */
    public AllPositions(ContrastPair pair) {
        this(pair, Aggregation.mean());
    }

    /** For static import. */
    public static AllPositions allPositions(ContrastPair pair) {
        return new AllPositions(pair);
    }

    @Override
    public List<ContrastPair> pairs() {
        return List.of(pair);
    }

    @Override
    public Positions positions() {
        return Positions.all();
    }

    @Override
    public boolean normalisesDirections() {
        return false;
    }

    @Override
    public String name() {
        return "all-positions";
    }
}
