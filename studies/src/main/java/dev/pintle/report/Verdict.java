package dev.pintle.report;

/** Whether a claim holds. */
public enum Verdict {
    /** The numbers agree. */
    HOLDS("holds"),
    /** The numbers agree with part of it. */
    IN_PART("holds in part"),
    /** True of any data, by the way it was computed. */
    BY_CONSTRUCTION("true by construction"),
    /** The numbers disagree. */
    FAILS("does not hold"),
    /** The numbers at hand cannot tell. */
    OPEN("cannot be told here");

    private final String words;

    Verdict(String words) {
        this.words = words;
    }

    /** Whether another model might give another verdict. */
    boolean measured() {
        return this == HOLDS || this == IN_PART || this == FAILS;
    }

    /** In a word or two, lower case. */
    public String words() {
        return words;
    }
}
