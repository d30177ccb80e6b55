package dev.pintle.base;

import java.util.Locale;

/**
 * Text of others made fit for a terminal, a log or a message: what a reader does not see, and what could steer a terminal or
 * turn lines around, is written as an escape, {@code \}{@code u001b}. Line ends and tabs stay. An escape is also that of a
 * JSON string, so that JSON keeps its meaning.
 */
public final class Visible {
    private static final int NON_JOINER = 0x200c;
    private static final int JOINER = 0x200d;

    private Visible() {}

    /**
     * The text with every hidden character escaped.
     *
     * @see #hides
     */
    public static String text(String text) {
        StringBuilder shown = new StringBuilder(text.length());
        int before = ' ';
        for (int i = 0; i < text.length(); ) {
            int c = text.codePointAt(i);
            i += Character.charCount(c);
            if (hides(c, before)) {
                escape(c, shown);
            } else {
                shown.appendCodePoint(c);
            }
            before = c;
        }
        return shown.toString();
    }

    /** The text, or its beginning and how long it is. */
    public static String shortened(String text, int most) {
        if (text.length() <= most) {
            return text;
        }
        int end = Character.isHighSurrogate(text.charAt(most - 1)) ? most - 1 : most;
        return text.substring(0, end) + String.format(Locale.ROOT, "… (%,d characters)", text.length());
    }

    /**
     * Whether a character has to be escaped: a control (C0, DEL, C1) other than line end and tab, a format character such as
     * those that change the direction of writing, a separator of lines or paragraphs, half a surrogate pair. The two joiners
     * stay behind a letter or sign that is not ASCII, where scripts and emoji need them.
     *
     * @param before the character before it
     */
    public static boolean hides(int codePoint, int before) {
        if (codePoint == NON_JOINER || codePoint == JOINER) {
            return before < 0x80 || hides(before, ' ');
        }
        return switch (Character.getType(codePoint)) {
            case Character.CONTROL -> codePoint != '\n' && codePoint != '\t';
            case Character.FORMAT, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR, Character.SURROGATE -> true;
            default -> false;
        };
    }

    /** Appends the escape of a character, one of four digits for each of its UTF-16 units. */
    public static void escape(int codePoint, StringBuilder to) {
        for (char unit : Character.toChars(codePoint)) {
            to.append(String.format(Locale.ROOT, "\\u%04x", (int) unit));
        }
    }
}
