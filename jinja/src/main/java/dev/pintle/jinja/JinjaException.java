package dev.pintle.jinja;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * A template that cannot be read or rendered: what is wrong, and where. A place that is not yet known is line 0; the
 * interpreter fills it in on the way out, from the innermost expression that has one.
 */
public final class JinjaException extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private static final int LONGEST = 120; // of a quoted value

    private final String sentence;
    private final transient Map<String, String> facts;
    private final int line;
    private final int column;

    JinjaException(String sentence, Map<String, String> facts, int line, int column) {
        super(sentence);
        this.sentence = sentence;
        this.facts = new LinkedHashMap<>(facts);
        this.facts.replaceAll((name, value) -> shortened(value));
        this.line = line;
        this.column = column;
    }

    /** A failure whose place the caller adds with {@link #at}. */
    static JinjaException of(String sentence, String... facts) {
        Map<String, String> named = new LinkedHashMap<>();
        for (int i = 0; i + 1 < facts.length; i += 2) {
            named.put(facts[i], facts[i + 1]);
        }
        return new JinjaException(sentence, named, 0, 0);
    }

    /** The beginning of a value, with how long it is: a template can make one of millions of characters. */
    private static String shortened(String value) {
        if (value.length() <= LONGEST) {
            return value;
        }
        int end = Character.isHighSurrogate(value.charAt(LONGEST - 1)) ? LONGEST - 1 : LONGEST;
        return value.substring(0, end) + "… (" + String.format(Locale.ROOT, "%,d", value.length()) + " characters)";
    }

    /** The same failure at a place. */
    private JinjaException(JinjaException found, Place place) {
        super(found.sentence);
        sentence = found.sentence;
        facts = found.facts;
        line = place.line();
        column = place.column();
        setStackTrace(found.getStackTrace());
    }

    /** This failure at {@code place}, unless it already has one. */
    JinjaException at(Place place) {
        if (line > 0) {
            return this;
        }
        return new JinjaException(this, place);
    }

    /** The sentence that says what is wrong. */
    public String sentence() {
        return sentence;
    }

    /** What was found, by name, in the order in which it reads best. */
    public Map<String, String> facts() {
        return new LinkedHashMap<>(facts);
    }

    /** The line in the template, from 1. */
    public int line() {
        return line;
    }

    /** The column in the line, from 1. */
    public int column() {
        return column;
    }
}
