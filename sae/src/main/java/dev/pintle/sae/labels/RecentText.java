package dev.pintle.sae.labels;

import java.io.IOException;
import java.io.Reader;

/**
 * A text that is read once and remembers its most recent part: to quote text that cannot be used, and to continue with
 * the line after it even though a parser has already read ahead.
 */
final class RecentText {
    /** A parser reads ahead by 4,000 characters. */
    private static final int KEPT = 1 << 14;

    private static final int SHOWN = 100;

    private final Reader text;
    private final char[] recent = new char[KEPT];
    private long given;
    private long again = -1;
    private int line = 1;
    private long base;

    RecentText(Reader text) {
        this.text = text;
    }

    /** Peeks at the first character that is not white space; -1 if there is none. */
    int firstShown() throws IOException {
        int c = next();
        while (c >= 0 && (Character.isWhitespace(c) || c == '\ufeff')) {
            line += c == '\n' ? 1 : 0;
            c = next();
        }
        if (c >= 0) {
            again = given - 1;
        }
        return c;
    }

    private int next() throws IOException {
        if (again >= 0) {
            char c = recent[(int) (again++ % KEPT)];
            again = again == given ? -1 : again;
            return c;
        }
        int c = text.read();
        if (c >= 0) {
            recent[(int) (given++ % KEPT)] = (char) c;
        }
        return c;
    }

    /** The 1-based number of the line in which {@link #rest} begins. */
    int line() {
        return line;
    }

    /** The unread part. Offsets passed to the methods below are relative to its beginning. */
    Reader rest() {
        base = again >= 0 ? again : given;
        return new Reader() {
            @Override
            public int read(char[] into, int from, int count) throws IOException {
                if (again < 0) {
                    int got = text.read(into, from, Math.min(count, KEPT / 2));
                    for (int i = 0; i < got; i++) {
                        recent[(int) (given++ % KEPT)] = into[from + i];
                    }
                    return got;
                }
                int got = 0;
                while (got < count && again >= 0) {
                    into[from + got++] = (char) next();
                }
                return got;
            }

            @Override
            public void close() {
                // the text stays open
            }
        };
    }

    /** Whether the character at an offset is still remembered. */
    boolean knows(long offset) {
        return base + offset >= given - KEPT;
    }

    /**
     * Continues after the line that contains the character at an offset.
     *
     * @param number number of that line
     * @return whether there is more
     */
    boolean skipLine(long offset, int number) throws IOException {
        long from = Math.max(base + offset, given - KEPT);
        again = from < given ? from : -1;
        int c = next();
        while (c >= 0 && c != '\n') {
            c = next();
        }
        line = number + 1;
        c = next();
        if (c < 0) {
            return false;
        }
        again = (again < 0 ? given : again) - 1;
        return true;
    }

    private char at(long place) {
        return recent[(int) (place % KEPT)];
    }

    /** The line with the character at an offset, from its start if that is still remembered, truncated for display. */
    String lineAt(long offset) {
        long place = Math.min(base + offset, given);
        long start = place;
        long first = Math.max(base, given - KEPT);
        while (start > first && at(start - 1) != '\n') {
            start--;
        }
        return LabelReader.shown(
                known(start, Math.min(given, start + SHOWN)).lines().findFirst().orElse(""));
    }

    /** The text around an offset. */
    String around(long offset) {
        long place = base + offset;
        return LabelReader.shown(known(place - SHOWN / 2, place + SHOWN / 2));
    }

    /** The text between two offsets, as far as it is still remembered. */
    String between(long from, long to) {
        return known(base + from, base + Math.min(to, from + 4L * SHOWN));
    }

    private String known(long from, long to) {
        StringBuilder result = new StringBuilder();
        for (long i = Math.max(Math.max(0, from), given - KEPT); i < Math.min(to, given); i++) {
            result.append(at(i));
        }
        return result.toString();
    }
}
