package dev.pintle.jinja;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * A template that cannot be parsed or rendered: what is wrong, and where. Line 0 means the position is not yet known;
 * the interpreter fills it in while unwinding, from the innermost expression that has one.
 */
public final class JinjaException extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private static final int MAX_SHOWN = 120; // of a quoted value

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

    /** A failure without a position; the caller adds it with {@link #at}. */
    static JinjaException of(String sentence, String... facts) {
        Map<String, String> named = new LinkedHashMap<>();
        for (int i = 0; i + 1 < facts.length; i += 2) {
            named.put(facts[i], facts[i + 1]);
        }
        return new JinjaException(sentence, named, 0, 0);
    }

    /** The beginning of a value and its length: a template can create values of millions of characters. */
    private static String shortened(String value) {
        if (value.length() <= MAX_SHOWN) {
            return value;
        }
        int end = Character.isHighSurrogate(value.charAt(MAX_SHOWN - 1)) ? MAX_SHOWN - 1 : MAX_SHOWN;
        return value.substring(0, end) + "… (" + String.format(Locale.ROOT, "%,d", value.length()) + " characters)";
    }

    /** The same failure at a position. */
    private JinjaException(JinjaException found, Place place) {
        super(found.sentence);
        sentence = found.sentence;
        facts = found.facts;
        line = place.line();
        column = place.column();
        setStackTrace(found.getStackTrace());
    }

    /** This failure at {@code place}, unless it already has a position. */
    JinjaException at(Place place) {
        if (line > 0) {
            return this;
        }
        return new JinjaException(this, place);
    }

    /** The sentence that describes the failure. */
    public String sentence() {
        return sentence;
    }

    /** The facts by name, in display order. */
    public Map<String, String> facts() {
        return new LinkedHashMap<>(facts);
    }

    /** The 1-based line in the template. */
    public int line() {
        return line;
    }

    /** The 1-based column in the line. */
    public int column() {
        return column;
    }
}
