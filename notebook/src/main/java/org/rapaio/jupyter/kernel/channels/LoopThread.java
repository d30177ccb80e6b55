package org.rapaio.jupyter.kernel.channels;

import java.util.concurrent.CountDownLatch;

/**
 * Replaces the class of this name in rapaio-jupyter-kernel 3.0.1, which has two races. Its {@code start()} sets the flag that the loop
 * checks after starting the thread, so the thread may see it unset and end. And its threads read messages while the handlers
 * are still being put into their map; here they wait for {@link #begin}.
 */
public final class LoopThread extends Thread {
    private static final CountDownLatch BEGUN = new CountDownLatch(1);

    private final long sleep;
    private final Runnable loopBody;
    private volatile boolean running = true;

    /**
     * @param name of the thread
     * @param sleep between rounds, in milliseconds
     * @param loopBody one round
     */
    public LoopThread(String name, long sleep, Runnable loopBody) {
        super(name);
        this.sleep = sleep;
        this.loopBody = loopBody;
    }

    /** Lets every loop run, those that are started later as well. */
    public static void begin() {
        BEGUN.countDown();
    }

    @Override
    public void run() {
        try {
            BEGUN.await();
            while (running) {
                loopBody.run();
                Thread.sleep(sleep);
            }
        } catch (InterruptedException e) {
            running = false;
        }
    }

    /** Ends the loop after the round that runs. */
    public void shutdown() {
        running = false;
    }
}
