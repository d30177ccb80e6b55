package dev.pintle.model;

import dev.pintle.base.Problem;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The text that a model generated.
 *
 * @param promptIds the prompt
 * @param tokens the tokens after it, without the stop token
 * @param text those tokens as text, without special tokens and without the stop string
 * @param ending why generation stopped
 * @param cachedTokens the first tokens of the prompt that were not run, since an engine knew their keys and values
 */
public record Generated(int[] promptIds, List<GeneratedToken> tokens, String text, Ending ending, int cachedTokens) {
    /** Copies the list. */
    public Generated {
        tokens = List.copyOf(tokens);
    }

    /** Why generation stopped. */
    public enum StopReason {
        /** The model generated a stop token. */
        STOP_TOKEN,
        /** The text reached a stop string. */
        STOP_STRING,
        /** The maximum number of tokens was reached. */
        LENGTH,
        /** Prompt and text together fill the model's context. */
        CONTEXT_FULL,
        /** Activations overflowed, so no further token could be chosen. */
        NOT_FINITE,
        /** The caller cancelled it. */
        CANCELLED
    }

    /**
     * Why generation stopped, and what stopped it.
     *
     * @param reason the kind of reason
     * @param stopId the stop token, or null
     * @param stopString the stop string, or null
     * @param problem where activations overflowed, or null
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

    /** The ids of the tokens after the prompt. */
    public int[] ids() {
        return tokens.stream().mapToInt(GeneratedToken::id).toArray();
    }

    /** Log-probability of each token under the model as it ran, hooks included. */
    public double[] logProbabilities() {
        return tokens.stream().mapToDouble(GeneratedToken::logProbability).toArray();
    }

    /** The kind of reason why generation stopped. */
    public StopReason reason() {
        return ending.reason();
    }

    /**
     * Returns this if nothing overflowed.
     *
     * @throws dev.pintle.base.PintleException naming the first hook point that overflowed, and what was added there
     */
    public Generated requireFinite() {
        Problem problem = ending.problem();
        if (problem != null) {
            throw problem.toException();
        }
        return this;
    }
}
