package dev.pintle.base;

import java.util.List;
import java.util.function.Function;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What is wrong with a document that is not JSON, in words that do not assume that the reader knows the parser. */
final class JsonFault {
    /** Jackson's description of a location; its source excerpt is longer than the location itself. */
    private static final Pattern WHERE =
            Pattern.compile(" ?\\([a-zA-Z ]{1,40}\\[Source: [^\\]]*\\]\\)|\\[Source: [^\\]]*\\]");

    /** What Jackson says, and how it is put here. The first that matches counts. */
    private static final List<Phrase> PHRASES = List.of(
            phrase(
                    "Unexpected end-of-input: expected close marker for (Object|Array).*",
                    m -> "it ends within " + a(m)),
            phrase("Unexpected end-of-input (?:within/between|in) (Object|Array) .*", m -> "it ends within " + a(m)),
            phrase(
                    "Unexpected end-of-input.*(?:string value|VALUE_STRING|closing quote|field name).*",
                    m -> "it ends within a text"),
            phrase("Unexpected end-of-input.*", m -> "it ends too early"),
            phrase(
                    "Unexpected character \\('(.+?)' \\(code .*was expecting comma to separate (Object|Array) entries",
                    m -> "'" + m.group(1) + "' where a comma or the end of "
                            + (m.group(2).equals("Object") ? "the object" : "the list") + " was expected"),
            phrase(
                    "Unexpected character \\('(.+?)' \\(code .*was expecting (?:double-quote to start|either valid name).*",
                    m -> "'" + m.group(1) + "' where a key in double quotes was expected"),
            phrase(
                    "Unexpected character \\('(.+?)' \\(code .*was expecting a colon.*",
                    m -> "'" + m.group(1) + "' where a colon was expected, after a key"),
            phrase(
                    "Unexpected character \\('(.+?)' \\(code .*(?:expected a valid value|was expecting).*",
                    m -> "'" + m.group(1) + "' where a value was expected"),
            phrase("Unexpected character \\('(.+?)' \\(code .*", m -> "an unexpected '" + m.group(1) + "'"),
            phrase(
                    "Unexpected close marker '(.)': expected '(.)'.*",
                    m -> "'" + m.group(1) + "' where '" + m.group(2) + "' was expected"),
            phrase("Unrecognized token '(.*?)'.*", m -> "'" + m.group(1) + "' where a value was expected"),
            phrase("Duplicate field '(.*)'", m -> "the key '" + m.group(1) + "' is in an object twice"),
            phrase("Trailing token .*", m -> "something follows the end of the document"),
            phrase(
                    "Illegal unquoted character .*",
                    m -> "a line break or another control character within a text, where JSON has \\n and the like"),
            phrase("Illegal character .*", m -> "a control character outside of texts"),
            phrase(
                    "Unrecognized character escape '(.+?)' \\(code .*",
                    m -> "\\" + m.group(1) + " within a text, which stands for nothing in JSON"));

    private JsonFault() {}

    private record Phrase(Pattern said, Function<MatchResult, String> words) {}

    private static Phrase phrase(String said, Function<MatchResult, String> words) {
        return new Phrase(Pattern.compile(said, Pattern.DOTALL), words);
    }

    private static String a(MatchResult match) {
        return match.group(1).equals("Object") ? "an object" : "a list";
    }

    /** On one line; what is not known here as Jackson says it, without its source excerpt. */
    static String words(String said) {
        String plain = WHERE.matcher(said).replaceAll("");
        for (Phrase phrase : PHRASES) {
            Matcher matcher = phrase.said().matcher(plain);
            if (matcher.matches()) {
                return Excerpt.of(phrase.words().apply(matcher));
            }
        }
        return Excerpt.of(plain);
    }
}
