package dev.pintle.base;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Short quotations of untrusted text, for messages. */
public final class Excerpt {
    private static final int MAX_LENGTH = 160;

    private Excerpt() {}

    /**
     * The beginning of a text, noting how much was left out. Invisible characters and those that control a terminal
     * (control, format and bidirectional characters, line ends, lone surrogates) are written as {@code \}{@code u}
     * escapes.
     */
    public static String of(@Nullable Object value) {
        String text = String.valueOf(value);
        StringBuilder result = new StringBuilder();
        int at = 0;
        while (at < text.length() && result.length() < MAX_LENGTH) {
            int c = text.codePointAt(at);
            if (isShown(c)) {
                result.appendCodePoint(c);
            } else {
                result.append(String.format(Locale.ROOT, c > 0xffff ? "\\u{%x}" : "\\u%04x", c));
            }
            at += Character.charCount(c);
        }
        if (at < text.length()) {
            result.append("… (")
                    .append(String.format(Locale.ROOT, "%,d", text.length()))
                    .append(" characters)");
        }
        return result.toString();
    }

    private static boolean isShown(int c) {
        int type = Character.getType(c);
        return type != Character.CONTROL
                && type != Character.FORMAT
                && type != Character.SURROGATE
                && type != Character.PRIVATE_USE
                && type != Character.UNASSIGNED
                && type != Character.LINE_SEPARATOR
                && type != Character.PARAGRAPH_SEPARATOR;
    }
}
