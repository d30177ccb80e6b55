package dev.pintle.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Lets long work end in order when the user presses Ctrl-C: the work asks {@link #goesOn}, and the process waits a little for
 * it to write what it has.
 */
final class UntilInterrupted implements AutoCloseable {
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

    static UntilInterrupted begin() {
        UntilInterrupted watch = new UntilInterrupted();
        Runtime.getRuntime().addShutdownHook(watch.hook);
        return watch;
    }

    /** Whether nobody has asked to stop. */
    boolean goesOn() {
        return !interrupted;
    }

    @Override
    public void close() {
        done.countDown();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // the process is ending, and the hook waits for nothing any more
        }
    }
}
