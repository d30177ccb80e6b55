package dev.pintle.sae.corpus;

import dev.pintle.base.Problem;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One of several equal parts of a collection of texts. Every part reads the whole collection and works on every
 * {@code of}-th block of it ({@link TextBatches}), so that documents keep their numbers and no part has to know how long
 * the collection is.
 *
 * @param number from 1 to {@code of}
 * @param of how many parts there are
 */
public record Part(int number, int of) {
    /** The whole collection. */
    public static final Part WHOLE = new Part(1, 1);

    private static final Pattern TEXT = Pattern.compile("(\\d{1,6})/(\\d{1,6})");

    /** @throws IllegalArgumentException if there is no such part */
    public Part {
        if (of < 1 || number < 1 || number > of) {
            throw notAPart(number + "/" + of);
        }
    }

    /**
     * Reads {@code 3/7}.
     *
     * @throws IllegalArgumentException if the text is not like that
     */
    public static Part parse(String text) {
        Matcher matcher = TEXT.matcher(text.strip());
        if (!matcher.matches()) {
            throw notAPart(text);
        }
        return new Part(Integer.parseInt(matcher.group(1)), Integer.parseInt(matcher.group(2)));
    }

    private static IllegalArgumentException notAPart(String text) {
        return Problem.of("That is not a part of a collection.")
                .fact("expected", "K/N with K from 1 to N, such as 3/7")
                .fact("but was", text)
                .toIllegalArgument();
    }

    /** Whether this is the only part. */
    public boolean isWhole() {
        return of == 1;
    }

    /** Whether a block, counted from 0, belongs to this part. */
    public boolean includes(long block) {
        return block % of == number - 1;
    }

    /** As {@link #parse} reads it. */
    @Override
    public String toString() {
        return number + "/" + of;
    }
}
