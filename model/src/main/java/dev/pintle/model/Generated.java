package dev.pintle.model;

import dev.pintle.base.Problem;
import org.jspecify.annotations.Nullable;

/**
 * What a model wrote.
 *
 * @param promptIds the prompt
 * @param ids the tokens after it, without the one that stopped it
 * @param text those tokens as text, without special tokens, cut before the stop string that ended it
 * @param logProbabilities logarithm of each token's probability under the model as it ran, hooks included
 * @param ending why it stopped
 */
public record Generated(int[] promptIds, int[] ids, String text, double[] logProbabilities, Ending ending) {
    /** Why a model stopped writing. */
    public enum StopReason {
        /** It wrote a token that ends its turn. */
        STOP_TOKEN,
        /** Its text came to hold a string that was to stop it. */
        STOP_STRING,
        /** It wrote as many tokens as it may. */
        LENGTH,
        /** Prompt and text together are as long as the model was made for. */
        CONTEXT_FULL,
        /** Its numbers overflowed, so that no further token could be chosen. */
        NOT_FINITE,
        /** The caller asked it to stop. */
        CANCELLED
    }

    /**
     * Why a model stopped writing, with what stopped it.
     *
     * @param reason the kind
     * @param stopId the token that ended its turn, or null
     * @param stopString the string that ended its text, or null
     * @param problem where its numbers overflowed, or null
     */
    public record Ending(
            StopReason reason,
            @Nullable Integer stopId,
            @Nullable String stopString,
            @Nullable Problem problem) {
        static Ending of(StopReason reason) {
            return new Ending(reason, null, null, null);
        }

        static Ending at(int stopId) {
            return new Ending(StopReason.STOP_TOKEN, stopId, null, null);
        }

        static Ending before(String stopString) {
            return new Ending(StopReason.STOP_STRING, null, stopString, null);
        }

        static Ending because(Problem problem) {
            return new Ending(StopReason.NOT_FINITE, null, null, problem);
        }
    }

    /** The kind of reason why it stopped. */
    public StopReason reason() {
        return ending.reason();
    }

    /**
     * This, if no number overflowed.
     *
     * @throws dev.pintle.base.PintleException naming the first place where one did, and what was added there
     */
    public Generated requireFinite() {
        Problem problem = ending.problem();
        if (problem != null) {
            throw problem.toException();
        }
        return this;
    }
}
