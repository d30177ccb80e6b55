package dev.pintle.steering;

import dev.pintle.text.TokenizedPrompt;

/**
 * A tokenized contrast pair.
 *
 * @param positive the prompt that shows the concept
 * @param negative the prompt that does not
 */
public record TokenPair(TokenizedPrompt positive, TokenizedPrompt negative) {
    /** The first index at which the ids differ; the shorter length if one is a prefix of the other. */
    public int firstDifference() {
        int shorter = Math.min(positive.length(), negative.length());
        int at = 0;
        while (at < shorter && positive.id(at) == negative.id(at)) {
            at++;
        }
        return at;
    }

    /** Number of equal ids at the end of both. */
    public int equalTail() {
        int shorter = Math.min(positive.length(), negative.length());
        int tail = 0;
        while (tail < shorter
                && positive.id(positive.length() - 1 - tail) == negative.id(negative.length() - 1 - tail)) {
            tail++;
        }
        return tail;
    }

    @Override
    public String toString() {
        return positive.length() + " and " + negative.length() + " tokens, first difference at " + firstDifference();
    }
}
