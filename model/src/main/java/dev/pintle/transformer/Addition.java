package dev.pintle.transformer;

import dev.pintle.tensor.Vec;
import java.util.Set;

/** A hook that adds one vector, the same at every position it acts on, so that those of many rows can be added at once. */
public interface Addition extends Hook {
    /** What is added, `[dModel]`. */
    Vec added();

    /** Where. */
    HookPoint at();

    /**
     * Whether it acts on a token.
     *
     * @param promptLength tokens of the row's prompt
     */
    boolean actsOn(int position, int promptLength);

    /** Whether it acts on every token of every sequence. */
    boolean actsEverywhere();

    @Override
    default Set<HookPoint> points() {
        return Set.of(at());
    }

    /** @throws IllegalArgumentException if the place has no vectors, or others than this one fits */
    default void requireWidth(ModelConfig model) {
        at().requireHolds(added().size(), model);
    }
}
