package dev.pintle.tensor.io;

import dev.pintle.base.Excerpt;
import dev.pintle.base.FileProblems;
import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Reads little-endian values in sequence and refuses to read past the end of a byte array or of a range of a file. */
final class Cursor {
    private static final int WINDOW = 64 << 10;

    private final Path path;
    private final String what;
    private final @Nullable FileChannel file;
    private final long limit;
    private ByteBuffer window;
    private long windowStart;

    private Cursor(Path path, String what, @Nullable FileChannel file, long from, long limit, ByteBuffer window) {
        this.path = path;
        this.what = what;
        this.file = file;
        this.limit = limit;
        this.windowStart = from;
        this.window = window.order(ByteOrder.LITTLE_ENDIAN);
    }

    /**
     * A cursor over bytes.
     *
     * @param what what they are, for errors: "pickle"
     */
    static Cursor over(byte[] bytes, Path path, String what) {
        return new Cursor(path, what, null, 0, bytes.length, ByteBuffer.wrap(bytes));
    }

    /** A cursor over the bytes of a file from {@code from} to {@code limit}, read on demand. */
    static Cursor over(FileChannel file, long from, long limit, Path path, String what) {
        return new Cursor(
                path, what, file, from, limit, ByteBuffer.allocate(WINDOW).limit(0));
    }

    /** Offset of the next byte. */
    long position() {
        return windowStart + window.position();
    }

    long remaining() {
        return limit - position();
    }

    int u8() {
        return need(1).get() & 0xFF;
    }

    int u16() {
        return need(2).getShort() & 0xFFFF;
    }

    int i32() {
        return need(4).getInt();
    }

    long u32() {
        return i32() & 0xFFFF_FFFFL;
    }

    long i64() {
        return need(8).getLong();
    }

    double f64BigEndian() {
        return Double.longBitsToDouble(Long.reverseBytes(i64()));
    }

    byte[] bytes(long count) {
        byte[] bytes = new byte[require(count)];
        need(bytes.length).get(bytes);
        return bytes;
    }

    void skip(long count) {
        need(require(count));
        window.position(window.position() + (int) count);
    }

    /** UTF-8 text of {@code count} bytes. */
    String text(long count) {
        byte[] bytes = bytes(count);
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw malformed("UTF-8 text", "bytes that are not");
        }
    }

    /** ASCII text of at most {@code most} characters up to a line feed, which is dropped. */
    String line(int most) {
        StringBuilder text = new StringBuilder();
        for (int c = u8(); c != '\n'; c = u8()) {
            if (text.length() == most || c < ' ' || c > '~') {
                throw malformed("a line of at most " + most + " printable characters", Excerpt.of(text.toString()));
            }
            text.append((char) c);
        }
        return text.toString();
    }

    /** An error with the cursor's position. */
    PintleException malformed(String expected, String found) {
        return problem("The " + what + " of the file is malformed.")
                .fact("expected", expected)
                .fact("but was", found)
                .toException();
    }

    /** Starts an error with the cursor's position. */
    Problem problem(String sentence) {
        return FileProblems.of(sentence, path).fact("at byte", position());
    }

    private int require(long count) {
        if (count < 0 || count > remaining() || count > Integer.MAX_VALUE - 64) {
            throw malformed(
                    Long.toUnsignedString(count) + " bytes more", remaining() + " before the " + what + " ends");
        }
        return (int) count;
    }

    private ByteBuffer need(int count) {
        if (window.remaining() < count) {
            require(count);
            refill(count);
        }
        return window;
    }

    private void refill(int count) {
        if (file == null) {
            throw malformed(count + " bytes more", window.remaining() + " before the " + what + " ends");
        }
        windowStart += window.position();
        window.compact();
        if (window.capacity() < count) {
            window = ByteBuffer.allocate(count).order(ByteOrder.LITTLE_ENDIAN).put(window.flip());
        }
        window.limit((int) Math.min(window.capacity(), limit - windowStart));
        try {
            while (window.hasRemaining()) {
                if (file.read(window, windowStart + window.position()) < 0) {
                    throw malformed(count + " bytes more", "the end of the file");
                }
            }
        } catch (IOException e) {
            throw FileProblems.unreadable(path, e);
        }
        window.flip();
    }
}
