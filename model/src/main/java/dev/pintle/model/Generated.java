package dev.pintle.model;

/**
 * What a model wrote.
 *
 * @param promptIds the prompt
 * @param ids the tokens after it, without the one that stopped it
 * @param text those tokens as text, without special tokens
 * @param logProbabilities logarithm of each token's probability under the model as it ran, hooks included
 * @param reason why it stopped
 */
public record Generated(int[] promptIds, int[] ids, String text, double[] logProbabilities, StopReason reason) {
    /** Why a model stopped writing. */
    public enum StopReason {
        /** It wrote a token that ends its turn. */
        STOP_TOKEN,
        /** Its text came to hold a string that was to stop it. */
        STOP_STRING,
        /** It wrote as many tokens as it may. */
        LENGTH,
        /** The caller asked it to stop. */
        CANCELLED
    }
}
