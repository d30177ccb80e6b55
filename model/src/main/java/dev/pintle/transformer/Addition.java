package dev.pintle.transformer;

import dev.pintle.base.Problem;
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
        if (!at().site().hasVectors()) {
            throw Problem.of("A vector cannot be added here: the activation is not one vector a token.")
                    .fact("hook point", at())
                    .fact("activation", at().site().axes())
                    .fact("try", "a site of the residual stream, or of what is added to it")
                    .toIllegalArgument();
        }
        if (added().size() != at().width(model)) {
            throw Problem.of("The vector does not fit the model.")
                    .fact("vector", added().size() + " wide")
                    .fact("model", at().site().axes().get(2) + " = " + at().width(model))
                    .toIllegalArgument();
        }
    }
}
