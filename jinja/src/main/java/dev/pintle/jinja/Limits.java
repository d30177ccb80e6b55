package dev.pintle.jinja;

import java.time.Duration;

/**
 * Limits on one rendering.
 *
 * @param steps expressions, statements and loop iterations; work that grows with the length of a value counts by its
 *     length
 * @param text characters in any single text, including the result
 * @param memory bytes of all values created, whether still in use or not
 * @param depth nesting depth of macros, recursive loops and values
 * @param time total time, for machines on which steps take longer than expected
 */
public record Limits(long steps, int text, long memory, int depth, Duration time) {
    /**
     * Far above any real chat (30 million steps, 8 million characters); a rendering ends within 5 s and 256 MB of heap.
     */
    public static final Limits STANDARD = new Limits(30_000_000L, 1 << 23, 150_000_000L, 150, Duration.ofMillis(3_500));

    /** Maximum nesting of tags and parentheses in a template's source. */
    static final int NESTING = 100;

    /** Maximum number of operators, filters or attributes in a row without a bracket. */
    static final int CHAIN = 500;

    /** Maximum nesting of expressions during evaluation. */
    static final int EXPRESSIONS = 2_000;

    /** Maximum length of a template's source, in characters; the longest known template has 30,000. */
    static final int SOURCE = 400_000;

    /** The longest {@code range}, as in Python's sandbox. */
    static final int RANGE = 100_000;
}
