package dev.pintle.jinja;

import java.time.Duration;

/**
 * How much one rendering may do before it is refused.
 *
 * @param steps expressions, statements and loop turns; work that grows with the length of a value counts by its length
 * @param text characters in any one text, the result included
 * @param memory bytes of all values made, whether they are still in use or not
 * @param depth macros, recursive loops and nested values inside one another
 * @param time in all, for machines on which the steps take longer than they should
 */
public record Limits(long steps, int text, long memory, int depth, Duration time) {
    /** Far above any real chat (30 million steps, 8 million characters), and over within 5 s and 256 MB of heap. */
    public static final Limits STANDARD = new Limits(30_000_000L, 1 << 23, 150_000_000L, 150, Duration.ofMillis(3_500));

    /** How deeply tags and parentheses may nest in a template's source. */
    static final int NESTING = 100;

    /** How many operators, filters or attributes may follow one another without a bracket. */
    static final int CHAIN = 500;

    /** How deeply expressions may stand in one another while they are worked out. */
    static final int EXPRESSIONS = 2_000;

    /** Characters of a template's source; the longest of known models has 30,000. */
    static final int SOURCE = 400_000;

    /** The longest {@code range}, as in Python's sandbox. */
    static final int RANGE = 100_000;
}
