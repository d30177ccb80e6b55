package dev.pintle.chat.jinja;

/**
 * How much one rendering may do before it is refused.
 *
 * @param steps expressions, statements and loop turns; work that grows with the length of a value counts by its length
 * @param text characters in any one text, the result included
 * @param built characters and (eightfold) list elements made in all
 * @param depth macros, recursive loops and nested values inside one another
 */
public record Limits(long steps, int text, long built, int depth) {
    /** Far above any real chat (30 million steps, 16 million characters), and still over within seconds. */
    public static final Limits STANDARD = new Limits(30_000_000L, 1 << 24, 1L << 28, 150);

    /** How deeply tags and parentheses may nest in a template's source. */
    static final int NESTING = 100;

    /** The longest {@code range}, as in Python's sandbox. */
    static final int RANGE = 100_000;
}
