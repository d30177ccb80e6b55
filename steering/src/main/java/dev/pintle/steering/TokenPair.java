package dev.pintle.steering;

import java.util.Arrays;

/**
 * A contrast pair as token ids.
 *
 * @param positive ids of the prompt that shows the concept
 * @param negative ids of the other
 */
public record TokenPair(int[] positive, int[] negative) {
    /** The first index at which the ids differ; the shorter length if one begins the other. */
    public int firstDifference() {
        int mismatch = Arrays.mismatch(positive, negative);
        return mismatch < 0 ? positive.length : mismatch;
    }

    /** How many ids at the end are the same in both. */
    public int equalTail() {
        int shorter = Math.min(positive.length, negative.length);
        int tail = 0;
        while (tail < shorter && positive[positive.length - 1 - tail] == negative[negative.length - 1 - tail]) {
            tail++;
        }
        return tail;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof TokenPair pair
                && Arrays.equals(positive, pair.positive)
                && Arrays.equals(negative, pair.negative);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(positive) + Arrays.hashCode(negative);
    }

    @Override
    public String toString() {
        return positive.length + " and " + negative.length + " tokens, first difference at " + firstDifference();
    }
}
