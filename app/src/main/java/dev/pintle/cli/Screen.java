package dev.pintle.cli;

import dev.pintle.base.Visible;
import java.io.BufferedWriter;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;

/**
 * The only path of text to a terminal. Invisible characters, and anything that could control the terminal, are escaped
 * ({@link Visible}), whatever their source; only {@link #control} writes unescaped. A failed write ends the command, where
 * a plain {@code PrintWriter} would silently continue.
 */
public final class Screen extends PrintWriter {
    private final Escaping escaping;

    private Screen(Escaping escaping) {
        super(escaping, true);
        this.escaping = escaping;
    }

    /** A screen that writes to the target, or the target itself if it is a screen. */
    static Screen on(Writer target) {
        return target instanceof Screen screen ? screen : new Screen(new Escaping(target));
    }

    /** For errors and progress: failed writes do not stop the work. */
    static Screen forErrors(Writer target) {
        Screen screen = on(target);
        screen.escaping.lenient = true;
        return screen;
    }

    /** The process's standard output or standard error, in UTF-8. */
    static Writer to(FileDescriptor output) {
        return new BufferedWriter(new OutputStreamWriter(new FileOutputStream(output), StandardCharsets.UTF_8));
    }

    /** Writes a control sequence unescaped, such as a return to the beginning of the line. */
    public static void control(PrintWriter out, String sequence) {
        if (out instanceof Screen screen) {
            screen.escaping.raw(sequence);
        } else {
            out.print(sequence);
        }
    }

    /** Output that could not be written. */
    static final class Failed extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Failed(IOException cause) {
            super(cause);
        }

        /** Whether the reader is gone, as with {@code | head}. */
        boolean closed() {
            String reason =
                    String.valueOf(getCause() == null ? null : getCause().getMessage());
            return reason.contains("Broken pipe") || reason.contains("pipe is being closed");
        }
    }

    private static final class Escaping extends Writer {
        private final Writer target;
        private boolean lenient;
        private int before = '\n';
        /** A pending carriage return or high surrogate, whose meaning depends on the next character; 0 for none. */
        private char waiting;

        Escaping(Writer target) {
            this.target = target;
        }

        void raw(String sequence) {
            try {
                target.write(sequence);
            } catch (IOException e) {
                failed(e);
            }
        }

        private void failed(IOException e) {
            if (!lenient) {
                throw new Failed(e);
            }
        }

        @Override
        public void write(char[] text, int from, int count) {
            StringBuilder shown = new StringBuilder(count + 16);
            for (int i = from; i < from + count; i++) {
                add(text[i], shown);
            }
            raw(shown.toString());
        }

        private void add(char unit, StringBuilder shown) {
            char first = waiting;
            waiting = 0;
            if (first == '\r' && unit == '\n') {
                shown.append("\r\n");
                before = '\n';
                return;
            }
            if (first != 0 && Character.isHighSurrogate(first) && Character.isLowSurrogate(unit)) {
                shown(Character.toCodePoint(first, unit), shown);
                return;
            }
            if (first != 0) {
                shown(first, shown);
            }
            if (unit == '\r' || Character.isHighSurrogate(unit)) {
                waiting = unit;
            } else {
                shown(unit, shown);
            }
        }

        private void shown(int codePoint, StringBuilder shown) {
            if (Visible.hides(codePoint, before)) {
                Visible.escape(codePoint, shown);
            } else {
                shown.appendCodePoint(codePoint);
            }
            before = codePoint;
        }

        @Override
        public void flush() {
            try {
                target.flush();
            } catch (IOException e) {
                failed(e);
            }
        }

        @Override
        public void close() throws IOException {
            if (waiting != 0) {
                StringBuilder shown = new StringBuilder();
                shown(waiting, shown);
                waiting = 0;
                raw(shown.toString());
            }
            target.close();
        }
    }
}
