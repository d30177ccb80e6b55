package dev.pintle.model;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A token that a model generated, and what was asked to be reported of it. Probabilities are those of the model as it ran,
 * hooks included, before temperature, penalties and filters.
 *
 * @param id the token
 * @param text what it completed, in whole characters, also if a stop string may have begun; empty if it completed none
 * @param logProbability in nats
 * @param alternatives the most probable tokens in its place, most probable first, equally probable ones by ascending id
 * @param twin what the twin says of it; null if none was asked for
 */
public record GeneratedToken(
        int id,
        String text,
        double logProbability,
        List<Alternative> alternatives,
        @Nullable TwinToken twin) {
    /** Copies the list. */
    public GeneratedToken {
        alternatives = List.copyOf(alternatives);
    }

    /**
     * A token that the model might have chosen.
     *
     * @param logProbability in nats
     */
    public record Alternative(int id, double logProbability) {}

    /**
     * The same token after the same tokens, in the row with the twin's hooks. Its numbers are NaN, and it has no alternatives,
     * where the twin's activations have overflowed.
     *
     * @param logProbability of the token that the first row took, in nats
     * @param divergence KL(first row ‖ twin) of the next-token distributions over the whole vocabulary, in nats
     * @param alternatives the twin's most probable tokens, in the same order
     */
    public record TwinToken(double logProbability, double divergence, List<Alternative> alternatives) {
        /** Copies the list. */
        public TwinToken {
            alternatives = List.copyOf(alternatives);
        }
    }
}
