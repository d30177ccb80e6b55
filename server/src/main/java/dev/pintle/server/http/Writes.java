package dev.pintle.server.http;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/*
 * The JDK's server writes to a blocking channel and has no write timeout. A thread that is interrupted while it writes to
 * such a channel closes it, which is all that is needed here.
 */
/** Ends writes to clients that do not read, and lets replies show signs of life. */
final class Writes implements AutoCloseable {
    private final Set<Guard> running = ConcurrentHashMap.newKeySet();
    private final Set<OpenReply> open = ConcurrentHashMap.newKeySet();
    private final ExecutorService beats = Executors.newCachedThreadPool(work -> daemon(work, "signs of life"));
    private static final long LOOKS = 250; // milliseconds between two looks

    private final long longest; // nanoseconds
    private final Thread watch;
    private volatile boolean closed;

    Writes(Duration longest) {
        this.longest = longest.toNanos();
        this.watch = daemon(this::watch, "slow clients");
        watch.start();
    }

    private static Thread daemon(Runnable work, String name) {
        Thread thread = new Thread(work, "pintle-server " + name);
        thread.setDaemon(true);
        return thread;
    }

    /** Lets a reply send signs of life. */
    void watch(OpenReply reply) {
        open.add(reply);
    }

    void forget(OpenReply reply) {
        open.remove(reply);
    }

    /** A write in progress, by the thread that began it. */
    final class Guard implements AutoCloseable {
        private final Thread writer = Thread.currentThread();
        private final long begun = System.nanoTime();
        private boolean interrupted; // guarded by this

        private synchronized void endIfTooLong(long now) {
            if (now - begun > longest && running.contains(this)) {
                interrupted = true;
                writer.interrupt();
            }
        }

        @Override
        public synchronized void close() {
            running.remove(this);
            if (interrupted) {
                Thread.interrupted(); // it was meant for this write alone
            }
        }
    }

    /** Called before a write, by the thread that writes. */
    Guard begin() {
        Guard guard = new Guard();
        running.add(guard);
        return guard;
    }

    private void watch() {
        while (!closed) {
            long now = System.nanoTime();
            running.forEach(guard -> guard.endIfTooLong(now));
            open.stream().filter(OpenReply::isDue).forEach(reply -> beats.execute(reply::beat));
            try {
                Thread.sleep(Math.max(1, Math.min(LOOKS, longest / 4_000_000)));
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    @Override
    public void close() {
        closed = true;
        beats.shutdownNow();
        watch.interrupt();
    }
}
