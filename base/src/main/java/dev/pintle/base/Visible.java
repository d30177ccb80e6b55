package dev.pintle.base;

import java.util.Locale;

/**
 * Escapes untrusted text for a terminal, a log or a message. Invisible characters, and those that could control a
 * terminal or reorder text, are written as {@code \}{@code u001b}. Line ends and tabs are kept. The escapes are valid
 * in JSON strings, so escaped JSON keeps its meaning.
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

    /** The text, or its beginning and total length if it is too long. */
    public static String shortened(String text, int most) {
        if (text.length() <= most) {
            return text;
        }
        int end = Character.isHighSurrogate(text.charAt(most - 1)) ? most - 1 : most;
        return text.substring(0, end) + String.format(Locale.ROOT, "… (%,d characters)", text.length());
    }

    /**
     * Whether a character must be escaped: control characters (C0, DEL, C1) other than line end and tab, format
     * characters such as bidirectional controls, line and paragraph separators, and lone surrogates. The two joiners
     * are kept after a non-ASCII letter or symbol, where scripts and emoji need them.
     *
     * @param before the preceding character
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

    /** Appends a character's escape, four hexadecimal digits per UTF-16 unit. */
    public static void escape(int codePoint, StringBuilder to) {
        for (char unit : Character.toChars(codePoint)) {
            to.append(String.format(Locale.ROOT, "\\u%04x", (int) unit));
        }
    }
}
