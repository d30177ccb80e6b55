package dev.pintle.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Lets long work shut down cleanly when the user presses Ctrl-C: the work polls {@link #goesOn}, and the process waits up to
 * 20 s for it to save its state.
 */
public final class UntilInterrupted implements AutoCloseable {
    private static final long PATIENCE_SECONDS = 20;

    private final CountDownLatch done = new CountDownLatch(1);
    private volatile boolean interrupted;
    private final Thread hook = new Thread(
            () -> {
                interrupted = true;
                try {
                    done.await(PATIENCE_SECONDS, TimeUnit.SECONDS);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            },
            "pintle-interrupt");

    private UntilInterrupted() {}

    /** Begins to watch. */
    public static UntilInterrupted begin() {
        UntilInterrupted watch = new UntilInterrupted();
        Runtime.getRuntime().addShutdownHook(watch.hook);
        return watch;
    }

    /** Whether the work has not been interrupted. */
    public boolean goesOn() {
        return !interrupted;
    }

    @Override
    public void close() {
        done.countDown();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // the process is shutting down, and the hook no longer waits
        }
    }
}
