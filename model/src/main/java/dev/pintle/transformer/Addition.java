package dev.pintle.transformer;

import dev.pintle.tensor.Vec;
import java.util.Optional;
import java.util.Set;

/**
 * A hook that adds one vector, the same at every position it acts on, so that additions of many rows can be batched.
 */
public interface Addition extends Hook {
    /** The vector added, `[dModel]`. */
    Vec added();

    /** The hook point it acts at. */
    HookPoint at();

    @Override
    boolean actsOn(int position, int promptLength);

    /** Whether it acts on every token of every sequence. */
    boolean actsEverywhere();

    @Override
    default boolean isRepeatable() {
        return true;
    }

    @Override
    default Set<HookPoint> points() {
        return Set.of(at());
    }

    @Override
    default Optional<RowChange> rowChange() {
        return Optional.of(new RowChange(at(), new RowChange.Plus(added())));
    }

    /** @throws IllegalArgumentException if the hook point has no vectors, or vectors of a different width */
    default void requireWidth(ModelConfig model) {
        at().requireHolds(added().size(), model);
    }
}
