package dev.pintle.model;

import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A generation in a {@link GenerationEngine}: its pieces as they come, its result, and a way to cancel it. */
public final class Generation {
    private final boolean streams;
    private final int mostUnread;
    private final BlockingQueue<Optional<Piece>> pieces = new LinkedBlockingQueue<>(); // empty: the end
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile boolean cancelled;
    private volatile int tokens; // written by the engine alone
    private volatile boolean tooSlow;
    private @Nullable GenerationRow row; // set before the engine sees this
    private @Nullable RuntimeException failure; // written before `ended`

    /**
     * What a token brings. The texts of all pieces are the text, their tokens its tokens.
     *
     * @param text what may be shown now, in whole characters; empty if the token completes none, or a stop string may have
     *     begun
     * @param token the token; null in the last piece if it brings text that was held back
     */
    public record Piece(String text, @Nullable GeneratedToken token) {}

    /**
     * @param streams whether pieces are kept for {@link #next}
     * @param mostUnread number of unread pieces at which a reader counts as too slow
     */
    Generation(boolean streams, int mostUnread) {
        this.streams = streams;
        this.mostUnread = mostUnread;
    }

    void begin(GenerationRow made) {
        row = made;
    }

    GenerationRow row() {
        GenerationRow made = row;
        if (made == null) {
            throw new IllegalStateException("The generation has no row yet.");
        }
        return made;
    }

    /** Called by the engine; returns whether to go on. A piece that came is part of the text even then. */
    @SuppressWarnings("NonAtomicVolatileUpdate")
    boolean take(Piece piece) {
        tokens += piece.token() == null ? 0 : 1;
        if (streams) {
            pieces.add(Optional.of(piece));
            tooSlow = pieces.size() > mostUnread;
        }
        return !cancelled && !tooSlow;
    }

    /** Called by the engine, once. */
    void end(@Nullable RuntimeException cause) {
        failure = cause;
        ended.countDown();
        pieces.add(Optional.empty());
    }

    boolean isCancelled() {
        return cancelled;
    }

    /** Asks the engine to stop after the current token; what has been generated stays. Any thread may call it. */
    public void cancel() {
        cancelled = true;
    }

    /** Whether it was stopped because nobody read its pieces. */
    public boolean wasReadTooSlowly() {
        return tooSlow;
    }

    /**
     * Waits for the next piece: one per token, and at most one more; empty at the end. For one reader.
     *
     * @throws IllegalStateException if it was submitted without streaming
     */
    public Optional<Piece> next() throws InterruptedException {
        if (!streams) {
            throw new IllegalStateException("This generation was submitted without streaming; await its result.");
        }
        Optional<Piece> piece = pieces.take();
        if (piece.isEmpty()) {
            pieces.add(piece); // for whoever asks again
        }
        return piece;
    }

    /** Number of tokens generated so far. */
    public int tokens() {
        return tokens;
    }

    /** Whether it has ended, so that {@link #await} returns at once. */
    public boolean isDone() {
        return ended.getCount() == 0;
    }

    /**
     * Waits for the end.
     *
     * @return what was generated, up to where it was cancelled
     * @throws RuntimeException what prevented it
     */
    public Generated await() throws InterruptedException {
        ended.await();
        return result();
    }

    /**
     * Waits for the end, but not for long.
     *
     * @return what was generated, up to where it was cancelled; empty if it goes on
     * @throws RuntimeException what prevented it
     */
    public Optional<Generated> await(long timeout, TimeUnit unit) throws InterruptedException {
        return ended.await(timeout, unit) ? Optional.of(result()) : Optional.empty();
    }

    private Generated result() {
        if (failure != null) {
            throw failure;
        }
        return row().finished();
    }
}
