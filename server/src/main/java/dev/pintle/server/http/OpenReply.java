package dev.pintle.server.http;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** A reply that is written piece by piece. May be used by several threads. */
public final class OpenReply {
    private final OutputStream out;
    private final Writes writes;
    private volatile long last = System.nanoTime();
    private volatile @Nullable Pulse pulse;
    private final AtomicBoolean beating = new AtomicBoolean();

    /** What is sent when nothing else has been for a while, and who is told that the client has gone. */
    private record Pulse(byte[] sign, long every, Runnable gone) {}

    OpenReply(OutputStream out, Writes writes) {
        this.out = out;
        this.writes = writes;
    }

    /**
     * Sends text at once.
     *
     * @throws IOException if the client has gone, or does not read
     */
    public void send(String text) throws IOException {
        send(text.getBytes(StandardCharsets.UTF_8));
    }

    private synchronized void send(byte[] bytes) throws IOException {
        last = System.nanoTime();
        try (Writes.Guard guard = writes.begin()) {
            out.write(bytes);
            out.flush();
        }
    }

    /**
     * Sends a sign of life whenever nothing has been sent for a while, until {@link #quiet}.
     *
     * @param gone called once when that shows that the client has gone
     */
    public void pulse(String sign, Duration every, Runnable gone) {
        pulse = new Pulse(sign.getBytes(StandardCharsets.UTF_8), every.toNanos(), gone);
        writes.watch(this);
    }

    /** Sends no more signs of life. */
    public void quiet() {
        pulse = null;
        writes.forget(this);
    }

    /** Whether nothing has been sent for so long that a sign of life is due; the caller then sends it. */
    boolean isDue() {
        Pulse now = pulse;
        return now != null && System.nanoTime() - last >= now.every && beating.compareAndSet(false, true);
    }

    /** Sends a sign of life that is due. */
    void beat() {
        Pulse now = pulse;
        try {
            if (now != null) {
                send(now.sign);
            }
        } catch (IOException e) {
            quiet();
            now.gone.run();
        } finally {
            beating.set(false);
        }
    }

    /** Ends the reply. One that is not ended is broken off, so that a client notices. */
    public synchronized void end() throws IOException {
        quiet();
        try (Writes.Guard guard = writes.begin()) {
            out.close();
        }
    }
}
