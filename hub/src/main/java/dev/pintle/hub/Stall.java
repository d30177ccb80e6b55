package dev.pintle.hub;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** Closes a stream that has been silent for too long; Java's HTTP client would wait forever. */
final class Stall implements AutoCloseable {
    private static final ScheduledExecutorService CLOCK = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "pintle-download-clock");
        thread.setDaemon(true);
        return thread;
    });

    private final InputStream stream;
    private final long limitNanos;
    private final Future<?> watch;
    private volatile long last = System.nanoTime();
    private volatile boolean happened;

    Stall(InputStream stream, Duration limit) {
        this.stream = stream;
        this.limitNanos = limit.toNanos();
        long period = Math.max(1, limitNanos / 4);
        this.watch = CLOCK.scheduleWithFixedDelay(this::check, period, period, TimeUnit.NANOSECONDS);
    }

    /** Whether the time limit has passed since {@link #alive}, or since the start if that was never called. */
    boolean isOver() {
        return happened || System.nanoTime() - last > limitNanos;
    }

    /** Resets the timer: data has arrived. */
    void alive() {
        last = System.nanoTime();
    }

    /** Whether the stream was closed because of silence. */
    boolean happened() {
        return happened;
    }

    private void check() {
        if (System.nanoTime() - last > limitNanos) {
            happened = true;
            close();
        }
    }

    /** Stops watching and closes the stream. */
    @Override
    public void close() {
        watch.cancel(false);
        try {
            stream.close();
        } catch (IOException e) {
            // nothing reads from it any more
        }
    }
}
