package dev.pintle.jinja;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Map;

/**
 * Tokenizes a template, with {@code trim_blocks} and {@code lstrip_blocks}: the newline after a tag or comment is
 * removed, and so is white space between the start of a line and a tag or comment on it, but not before a value.
 */
final class Lexer {
    private static final String[] OPERATORS = {
        "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=",
        ".", ":", "|", ",", ";"
    };

    private final String source;
    private final List<Integer> lineStarts = new ArrayList<>();
    private final List<Token> tokens = new ArrayList<>();
    private final Deque<Character> open = new ArrayDeque<>();
    private int at;
    private boolean lineStarting = true;

    private Lexer(String template) {
        String text = template.replace("\r\n", "\n").replace('\r', '\n');
        source = text.endsWith("\n") ? text.substring(0, text.length() - 1) : text;
        lineStarts.add(0);
        for (int i = source.indexOf('\n'); i >= 0; i = source.indexOf('\n', i + 1)) {
            lineStarts.add(i + 1);
        }
    }

    /** The tokens of a template, followed by a {@link Token.Kind#END}. */
    static List<Token> tokens(String template) {
        Lexer lexer = new Lexer(template);
        while (lexer.at < lexer.source.length()) {
            lexer.data();
        }
        lexer.add(Token.Kind.END, "", lexer.at);
        return lexer.tokens;
    }

    /** Text up to the next tag, and that tag. */
    private void data() {
        int begin = source.length();
        for (int i = source.indexOf('{', at); i >= 0 && i + 1 < source.length(); i = source.indexOf('{', i + 1)) {
            if ("{%#".indexOf(source.charAt(i + 1)) >= 0) {
                begin = i;
                break;
            }
        }
        if (begin == source.length()) {
            addData(source.substring(at), at);
            at = begin;
            return;
        }
        char kind = source.charAt(begin + 1);
        int start = at;
        at = begin + 2;
        char sign = sign();
        addData(trimmed(source.substring(start, begin), sign, kind != '{'), start);
        if (kind == '#') {
            comment(begin);
        } else if (kind == '%' && raw(begin)) {
            return;
        } else {
            lineStarting = false;
            add(kind == '{' ? Token.Kind.VARIABLE_BEGIN : Token.Kind.BLOCK_BEGIN, "", begin);
            inside(kind == '{');
        }
    }

    /** The {@code -} or {@code +} right after an opening delimiter, or a space. */
    private char sign() {
        if (at < source.length() && (source.charAt(at) == '-' || source.charAt(at) == '+')) {
            return source.charAt(at++);
        }
        return ' ';
    }

    private String trimmed(String text, char sign, boolean lstrip) {
        if (sign == '-') {
            return Chars.stripRight(text);
        }
        int lineStart = text.lastIndexOf('\n') + 1;
        if (sign != '+' && lstrip && (lineStart > 0 || lineStarting)) {
            int end = Chars.skipSpaces(text, lineStart);
            if (end == text.length()) {
                return text.substring(0, lineStart);
            }
        }
        return text;
    }

    private void comment(int begin) {
        int end = source.indexOf("#}", at);
        if (end < 0) {
            throw error("A comment is not closed.", begin);
        }
        char before = end > at ? source.charAt(end - 1) : ' ';
        at = end + 2;
        afterEnd(before, true);
    }

    /**
     * Skips the white space removed after a tag: all of it after {@code -}, one newline unless there is a {@code +}.
     */
    private void afterEnd(char sign, boolean trimNewline) {
        if (sign == '-') {
            at = Chars.skipSpaces(source, at);
        } else if (sign != '+' && trimNewline && at < source.length() && source.charAt(at) == '\n') {
            at++;
        }
        lineStarting = source.charAt(at - 1) == '\n';
    }

    /** Reads {@code raw … endraw}, if it starts here. */
    private boolean raw(int begin) {
        int cursor = Chars.skipSpaces(source, at);
        if (!source.startsWith("raw", cursor)) {
            return false;
        }
        cursor = Chars.skipSpaces(source, cursor + 3);
        boolean strip = source.startsWith("-%}", cursor);
        if (!strip && !source.startsWith("%}", cursor)) {
            return false;
        }
        at = strip ? Chars.skipSpaces(source, cursor + 3) : cursor + 2;
        lineStarting = source.charAt(at - 1) == '\n';
        int start = at;
        for (int i = source.indexOf("{%", at); i >= 0; i = source.indexOf("{%", i + 1)) {
            at = i + 2;
            char sign = sign();
            cursor = Chars.skipSpaces(source, at);
            if (!source.startsWith("endraw", cursor)) {
                continue;
            }
            cursor = Chars.skipSpaces(source, cursor + 6);
            char end = cursor < source.length() ? source.charAt(cursor) : ' ';
            if (source.startsWith("%}", end == '-' || end == '+' ? cursor + 1 : cursor)) {
                addData(trimmed(source.substring(start, i), sign, true), start);
                at = cursor + (end == '-' || end == '+' ? 3 : 2);
                afterEnd(end, true);
                return true;
            }
        }
        throw error("A raw tag is not closed.", begin);
    }

    /** The tokens of one tag up to its end. */
    private void inside(boolean variable) {
        String end = variable ? "}}" : "%}";
        open.clear();
        while (true) {
            at = Chars.skipSpaces(source, at);
            if (at >= source.length()) {
                // The parser reports which tag it was waiting for.
                return;
            }
            if (open.isEmpty()) {
                char c = source.charAt(at);
                boolean signed = (c == '-' || (c == '+' && !variable)) && source.startsWith(end, at + 1);
                if (signed || source.startsWith(end, at)) {
                    add(variable ? Token.Kind.VARIABLE_END : Token.Kind.BLOCK_END, "", at);
                    at += signed ? 3 : 2;
                    afterEnd(signed ? c : ' ', !variable);
                    return;
                }
            }
            token();
        }
    }

    private void token() {
        int c = source.codePointAt(at);
        if (c >= '0' && c <= '9') {
            number();
        } else if (Chars.isWord(c)) {
            int start = at;
            while (at < source.length() && Chars.isWord(source.codePointAt(at))) {
                at += Character.charCount(source.codePointAt(at));
            }
            if (!(c == '_' || Character.isUnicodeIdentifierStart(c))) {
                throw error("A name starts with an invalid character.", start);
            }
            add(Token.Kind.NAME, source.substring(start, at), start);
        } else if (c == '\'' || c == '"') {
            string((char) c);
        } else {
            operator();
        }
    }

    private void number() {
        int start = at;
        boolean afterDot = start > 0 && source.charAt(start - 1) == '.';
        int fraction = afterDot ? -1 : floatEnd(start);
        if (fraction > 0) {
            at = fraction;
            String digits = source.substring(start, at);
            tokens.add(new Token(Token.Kind.FLOAT, digits, Double.valueOf(digits.replace("_", "")), place(start)));
            return;
        }
        int radix = 10;
        if (source.charAt(start) == '0' && start + 1 < source.length()) {
            int marker = "box".indexOf(Character.toLowerCase(source.charAt(start + 1)));
            int candidate = marker < 0 ? 10 : new int[] {2, 8, 16}[marker];
            if (marker >= 0 && digitsEnd(start + 2, candidate, true) > start + 2) {
                radix = candidate;
            }
        }
        if (radix != 10) {
            at = digitsEnd(start + 2, radix, true);
        } else if (source.charAt(start) == '0') {
            at = start + 1;
            while (source.startsWith("0", at) || source.startsWith("_0", at)) {
                at += source.charAt(at) == '0' ? 1 : 2;
            }
        } else {
            at = digitsEnd(start, 10, false);
        }
        String written = source.substring(start, at);
        String digits = written.replace("_", "").substring(radix == 10 ? 0 : 2);
        tokens.add(new Token(Token.Kind.INTEGER, written, integer(digits, radix, start), place(start)));
    }

    private Object integer(String digits, int radix, int start) {
        try {
            return Numbers.parsed(digits, radix);
        } catch (JinjaException e) {
            throw e.at(place(start));
        }
    }

    /** The end of a run of digits with single underscores between them. */
    private int digitsEnd(int from, int radix, boolean leadingUnderscore) {
        int cursor = from;
        while (cursor < source.length()) {
            boolean underscore = source.charAt(cursor) == '_' && (cursor > from || leadingUnderscore);
            int digit = underscore ? cursor + 1 : cursor;
            if (digit >= source.length()
                    || source.charAt(digit) > 'z'
                    || Character.digit(source.charAt(digit), radix) < 0) {
                break;
            }
            cursor = digit + 1;
        }
        return cursor;
    }

    /** The end of a float that starts here, or -1 if there is none. */
    private int floatEnd(int from) {
        int cursor = digitsEnd(from, 10, false);
        boolean isFloat = false;
        if (cursor < source.length() && source.charAt(cursor) == '.') {
            int end = digitsEnd(cursor + 1, 10, false);
            if (end > cursor + 1) {
                cursor = end;
                isFloat = true;
            }
        }
        if (cursor < source.length() && (source.charAt(cursor) == 'e' || source.charAt(cursor) == 'E')) {
            int exponent = cursor + 1;
            if (exponent < source.length() && (source.charAt(exponent) == '+' || source.charAt(exponent) == '-')) {
                exponent++;
            }
            int end = digitsEnd(exponent, 10, false);
            if (end > exponent) {
                return end;
            }
        }
        return isFloat ? cursor : -1;
    }

    private void string(char quote) {
        int start = at;
        int cursor = start + 1;
        while (cursor < source.length() && source.charAt(cursor) != quote) {
            cursor += source.charAt(cursor) == '\\' ? 2 : 1;
        }
        if (cursor >= source.length()) {
            throw error("A string is not closed.", start);
        }
        at = cursor + 1;
        add(Token.Kind.STRING, unescaped(source.substring(start + 1, cursor), start), start);
    }

    private String unescaped(String text, int start) {
        if (text.indexOf('\\') < 0) {
            return text;
        }
        // Python first escapes every non-ASCII character, so a backslash before one escapes that escape.
        StringBuilder ascii = new StringBuilder();
        text.codePoints().forEach(c -> {
            if (c < 0x80) {
                ascii.append((char) c);
            } else {
                ascii.append(Chars.escape(c));
            }
        });
        StringBuilder result = new StringBuilder();
        int i = 0;
        while (i < ascii.length()) {
            char c = ascii.charAt(i++);
            if (c != '\\') {
                result.append(c);
                continue;
            }
            char escape = ascii.charAt(i++);
            int simple = "\\'\"abfnrtv".indexOf(escape);
            if (simple >= 0) {
                result.append("\\'\"\u0007\b\f\n\r\t\u000b".charAt(simple));
            } else if (escape == 'x' || escape == 'u' || escape == 'U') {
                int length = escape == 'x' ? 2 : escape == 'u' ? 4 : 8;
                result.appendCodePoint(hex(ascii, i, length, start));
                i += length;
            } else if (escape == 'N') {
                int end = ascii.indexOf("}", i);
                if (end < 0 || ascii.charAt(i) != '{') {
                    throw error("A string contains an incomplete escape.", start);
                }
                result.appendCodePoint(named(ascii.substring(i + 1, end), start));
                i = end + 1;
            } else if (escape >= '0' && escape <= '7') {
                int end = i;
                while (end < ascii.length() && end < i + 2 && ascii.charAt(end) >= '0' && ascii.charAt(end) <= '7') {
                    end++;
                }
                result.append((char) Integer.parseInt(ascii.substring(i - 1, end), 8));
                i = end;
            } else if (escape != '\n') {
                result.append('\\').append(escape);
            }
        }
        return result.toString();
    }

    private int hex(StringBuilder text, int from, int length, int start) {
        int value = 0;
        for (int i = from; i < from + length; i++) {
            int digit = i < text.length() ? Character.digit(text.charAt(i), 16) : -1;
            if (digit < 0 || value > 0x10ffff >> 4) {
                throw error("A string contains an escape that is not a character.", start);
            }
            value = value * 16 + digit;
        }
        if (value > 0x10ffff) {
            throw error("A string contains an escape that is not a character.", start);
        }
        return value;
    }

    private int named(String name, int start) {
        try {
            return Character.codePointOf(name);
        } catch (IllegalArgumentException e) {
            throw error("A string contains the name of a character that does not exist.", start);
        }
    }

    private void operator() {
        for (String operator : OPERATORS) {
            if (source.startsWith(operator, at)) {
                if ("([{".contains(operator)) {
                    open.push(")]}".charAt("([{".indexOf(operator)));
                } else if (")]}".contains(operator)) {
                    if (open.isEmpty() || open.peek() != operator.charAt(0)) {
                        throw error("A closing bracket has no opening one.", at);
                    }
                    open.pop();
                }
                add(Token.Kind.OPERATOR, operator, at);
                at += operator.length();
                return;
            }
        }
        String found = new String(Character.toChars(source.codePointAt(at)));
        throw new JinjaException(
                "A tag contains an invalid character.",
                Map.of("found", found),
                place(at).line(),
                place(at).column());
    }

    private void addData(String text, int start) {
        if (!text.isEmpty()) {
            add(Token.Kind.DATA, text, start);
        }
    }

    private void add(Token.Kind kind, String text, int start) {
        tokens.add(new Token(kind, text, Value.None.NONE, place(start)));
    }

    private Place place(int offset) {
        int found = Collections.binarySearch(lineStarts, offset);
        int line = found >= 0 ? found : -found - 2;
        return new Place(line + 1, offset - lineStarts.get(line) + 1);
    }

    private JinjaException error(String sentence, int offset) {
        return JinjaException.of(sentence).at(place(offset));
    }
}
