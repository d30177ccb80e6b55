package dev.pintle.server.serving;

import dev.pintle.base.Problem;
import dev.pintle.base.Progress;
import dev.pintle.server.http.HttpProblem;
import java.util.concurrent.Semaphore;

/**
 * What runs on a model beside generation: scoring, capturing and jobs, one at a time, so that memory is bounded. Once it is
 * closed, the model may be released: nothing runs, and nothing more begins.
 */
public final class Reads implements AutoCloseable {
    private final Semaphore turn = new Semaphore(1, true);
    private volatile boolean closed;

    /** A turn, until it is closed. For one thread. */
    public final class Turn implements AutoCloseable {
        private boolean held = true;

        private Turn() {}

        /**
         * Lets whoever waits have a turn at every step of long work, which goes on afterwards.
         *
         * @param progress of the work; told by this thread alone
         * @return what the work should tell; throws {@link HttpProblem} 503 once the model has been unloaded
         */
        public Progress shared(Progress progress) {
            return (stage, done, total) -> {
                progress.at(stage, done, total);
                close();
                turn.acquireUninterruptibly();
                held = true;
                requireOpen();
            };
        }

        @Override
        public void close() {
            if (held) {
                held = false;
                turn.release();
            }
        }
    }

    /**
     * Waits for a turn.
     *
     * @throws HttpProblem 503 if the model has been unloaded
     */
    public Turn begin() throws InterruptedException {
        turn.acquire();
        Turn begun = new Turn();
        try {
            requireOpen();
            return begun;
        } catch (HttpProblem e) {
            begun.close();
            throw e;
        }
    }

    private void requireOpen() {
        if (closed) {
            throw HttpProblem.of(503, "model_unloaded", Problem.of("The model has been unloaded."))
                    .with("x-should-retry", "false");
        }
    }

    /** Waits for the turn that runs, and refuses further ones. */
    @Override
    public void close() {
        turn.acquireUninterruptibly();
        closed = true;
        turn.release();
    }
}
