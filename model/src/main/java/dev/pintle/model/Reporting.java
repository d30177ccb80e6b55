package dev.pintle.model;

import dev.pintle.base.Problem;
import dev.pintle.transformer.Hook;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is reported of each generated token, beyond its log-probability. The tokens do not depend on it.
 *
 * @param alternatives number of most probable tokens, 0 to 20
 * @param twin hooks of a second row, in place of the request's own; it has the same prompt and is fed the tokens that the
 *     first row takes. Null for no such row; an empty list for one without hooks of its own
 */
public record Reporting(int alternatives, @Nullable List<? extends Hook> twin) {
    private static final int MOST_ALTERNATIVES = 20;
    private static final Reporting NONE = new Reporting(0, null);

    /**
     * Copies the list.
     *
     * @throws IllegalArgumentException for a number of alternatives that is out of range
     */
    public Reporting {
        if (alternatives < 0 || alternatives > MOST_ALTERNATIVES) {
            throw Problem.of("The number of alternatives is out of range.")
                    .fact("expected", "0 to " + MOST_ALTERNATIVES)
                    .fact("but was", alternatives)
                    .toIllegalArgument();
        }
        twin = twin == null ? null : List.copyOf(twin);
    }

    /** Only the log-probability of each token. */
    public static Reporting none() {
        return NONE;
    }

    /** Whether nothing is reported but the log-probability. */
    boolean isNone() {
        return alternatives == 0 && twin == null;
    }
}
