package dev.pintle.jinja;

import java.util.List;
import java.util.Locale;
import java.util.function.UnaryOperator;

/** Python's definitions of white space, line ends, digits, and so on. */
final class Chars {
    private static final String SPACES =
            "\t\n\u000b\f\r\u001c\u001d\u001e\u001f \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004"
                    + "\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000";
    private static final String LINE_ENDS = "\n\r\u000b\f\u001c\u001d\u001e\u0085\u2028\u2029";

    /**
     * First and last code points of ranges that are digits but not decimal digits, such as superscripts and circled
     * digits.
     */
    private static final int[] OTHER_DIGITS = {
        0xb2, 0xb3, 0xb9, 0xb9, 0x1369, 0x1371, 0x19da, 0x19da, 0x2070, 0x2070, 0x2074, 0x2079, 0x2080, 0x2089, 0x2460,
        0x2468, 0x2474, 0x247c, 0x2488, 0x2490, 0x24ea, 0x24ea, 0x24f5, 0x24fd, 0x24ff, 0x24ff, 0x2776, 0x277e, 0x2780,
        0x2788, 0x278a, 0x2792, 0x10a40, 0x10a43, 0x10e60, 0x10e68, 0x11052, 0x1105a, 0x1f100, 0x1f10a
    };

    private static final int PIECE = 256;
    private static final char SIGMA = '\u03a3';

    private Chars() {}

    static boolean isSpace(int c) {
        return c < 0x80 ? c == ' ' || (c >= 9 && c <= 13) || (c >= 0x1c && c <= 0x1f) : SPACES.indexOf(c) >= 0;
    }

    static boolean isLineEnd(char c) {
        return LINE_ENDS.indexOf(c) >= 0;
    }

    static boolean isDecimal(int c) {
        return Character.getType(c) == Character.DECIMAL_DIGIT_NUMBER;
    }

    static boolean isDigit(int c) {
        if (isDecimal(c)) {
            return true;
        }
        for (int i = 0; i < OTHER_DIGITS.length; i += 2) {
            if (c >= OTHER_DIGITS[i] && c <= OTHER_DIGITS[i + 1]) {
                return true;
            }
        }
        return false;
    }

    static boolean isWord(int c) {
        return c == '_' || Character.isLetter(c) || isNumeric(c);
    }

    static boolean isNumeric(int c) {
        int type = Character.getType(c);
        return type == Character.DECIMAL_DIGIT_NUMBER
                || type == Character.LETTER_NUMBER
                || type == Character.OTHER_NUMBER;
    }

    static boolean isPrintable(int c) {
        if (c < 0x7f) {
            return c >= 0x20;
        }
        return switch (Character.getType(c)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.PRIVATE_USE,
                    Character.UNASSIGNED,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR,
                    Character.SPACE_SEPARATOR -> false;
            default -> true;
        };
    }

    /** A character in Python's escape notation: {@code \\x}, {@code \\u} or {@code \\U} and its code. */
    static String escape(int c) {
        int digits = c < 0x100 ? 2 : c < 0x10000 ? 4 : 8;
        String number = Integer.toHexString(c);
        return "\\" + (digits == 2 ? 'x' : digits == 4 ? 'u' : 'U') + "0".repeat(digits - number.length()) + number;
    }

    /** The index of the first character that is not white space. */
    static int skipSpaces(String text, int from) {
        int at = from;
        while (at < text.length() && isSpace(text.charAt(at))) {
            at++;
        }
        return at;
    }

    static String stripRight(String text) {
        int end = text.length();
        while (end > 0 && isSpace(text.charAt(end - 1))) {
            end--;
        }
        return text.substring(0, end);
    }

    /*
     * Java lowercases a word-final sigma specially, but for each one it looks for word boundaries from the start of the
     * text: ten thousand of them take some seconds.
     */
    /** A text in lower case. */
    static String lower(String text, Budget budget) {
        if (text.indexOf(SIGMA) < 0) {
            return byPieces(text, budget, piece -> piece.toLowerCase(Locale.ROOT));
        }
        StringBuilder result = new StringBuilder(text.length());
        int from = 0;
        boolean afterLetter = false;
        for (int at = 0; at < text.length(); ) {
            int c = text.codePointAt(at);
            if (c == SIGMA) {
                budget.step();
                result.append(byPieces(text.substring(from, at), budget, piece -> piece.toLowerCase(Locale.ROOT)));
                boolean last = afterLetter && !beforeLetter(text, at + 1);
                result.append(last ? '\u03c2' : '\u03c3');
                from = at + 1;
            }
            if (!isIgnoredInCase(c)) {
                afterLetter = isCased(c);
            }
            at += Character.charCount(c);
        }
        return result.append(byPieces(text.substring(from), budget, piece -> piece.toLowerCase(Locale.ROOT)))
                .toString();
    }

    /** A text in upper case. */
    static String upper(String text, Budget budget) {
        return byPieces(text, budget, piece -> piece.toUpperCase(Locale.ROOT));
    }

    /**
     * Java allocates a new array for each character that expands to two; in a long text of them that takes minutes.
     */
    private static String byPieces(String text, Budget budget, UnaryOperator<String> change) {
        if (text.length() <= PIECE) {
            return change.apply(text);
        }
        StringBuilder result = new StringBuilder(text.length());
        for (int from = 0; from < text.length(); ) {
            int to = Math.min(text.length(), from + PIECE);
            to += to < text.length() && Character.isLowSurrogate(text.charAt(to)) ? 1 : 0;
            budget.step();
            result.append(change.apply(text.substring(from, to)));
            from = to;
        }
        return result.toString();
    }

    /** Whether a letter follows, skipping uncased characters; no character is skipped twice. */
    private static boolean beforeLetter(String text, int from) {
        int at = from;
        while (at < text.length() && isIgnoredInCase(text.codePointAt(at))) {
            at += Character.charCount(text.codePointAt(at));
        }
        return at < text.length() && isCased(text.codePointAt(at));
    }

    static boolean isCased(int c) {
        return Character.isUpperCase(c) || Character.isLowerCase(c) || Character.isTitleCase(c);
    }

    private static boolean isIgnoredInCase(int c) {
        return switch (Character.getType(c)) {
            case Character.NON_SPACING_MARK,
                    Character.ENCLOSING_MARK,
                    Character.FORMAT,
                    Character.MODIFIER_LETTER,
                    Character.MODIFIER_SYMBOL -> true;
            default ->
                "'.:\u00b7\u0387\u055f\u05f4\u2018\u2019\u2024\u2027\ufe13\ufe52\ufe55\uff07\uff0e\uff1a".indexOf(c)
                        >= 0;
        };
    }

    static String strip(String text) {
        String right = stripRight(text);
        return right.substring(skipSpaces(right, 0));
    }

    /** The lines of a text without their line ends; a line end at the very end does not add an empty line. */
    static List<Object> lines(String text, boolean keepEnds, Budget budget) {
        Budget.Items lines = budget.newItems();
        int start = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (isLineEnd(c)) {
                int end = c == '\r' && i + 1 < text.length() && text.charAt(i + 1) == '\n' ? i + 2 : i + 1;
                lines.addText(text, start, keepEnds ? end : i);
                start = end;
                i = end - 1;
            }
        }
        if (start < text.length()) {
            lines.addText(text, start, text.length());
        }
        return lines.list();
    }
}
