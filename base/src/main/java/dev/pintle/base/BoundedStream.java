package dev.pintle.base;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.function.Supplier;

/** A stream that fails once it has given more bytes than allowed, so that no answer or archive can go on for ever. */
public final class BoundedStream extends FilterInputStream {
    private final Supplier<? extends IOException> tooLong;
    private long left;

    /**
     * @param most bytes that may be read
     * @param tooLong what to throw at the first byte beyond them
     */
    public BoundedStream(InputStream in, long most, Supplier<? extends IOException> tooLong) {
        super(in);
        this.left = most;
        this.tooLong = tooLong;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int from, int count) throws IOException {
        int got = super.read(bytes, from, count);
        left -= Math.max(0, got);
        if (left < 0) {
            throw tooLong.get();
        }
        return got;
    }

    @Override
    public long skip(long count) throws IOException {
        byte[] some = new byte[(int) Math.max(0, Math.min(count, 8192))];
        return Math.max(0, read(some, 0, some.length));
    }

    @Override
    public boolean markSupported() {
        return false;
    }
}
