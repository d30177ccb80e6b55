package dev.pintle.server.serving;

import dev.pintle.base.Problem;
import dev.pintle.server.http.HttpProblem;
import java.util.concurrent.Semaphore;

/**
 * What runs on a model beside generation: scoring, capturing and fitting, one at a time, so that memory is bounded. Once it is
 * closed, the model may be released: nothing runs, and nothing more begins.
 */
public final class Reads implements AutoCloseable {
    private final Semaphore turn = new Semaphore(1, true);
    private volatile boolean closed;

    /** A turn, until it is closed. */
    public interface Turn extends AutoCloseable {
        @Override
        void close();
    }

    /**
     * Waits for a turn.
     *
     * @throws HttpProblem 503 if the model has been unloaded
     */
    public Turn begin() throws InterruptedException {
        turn.acquire();
        if (closed) {
            turn.release();
            throw HttpProblem.of(503, "model_unloaded", Problem.of("The model has been unloaded."))
                    .with("x-should-retry", "false");
        }
        return turn::release;
    }

    /** Waits for the turn that runs, and refuses further ones. */
    @Override
    public void close() {
        turn.acquireUninterruptibly();
        closed = true;
        turn.release();
    }
}
