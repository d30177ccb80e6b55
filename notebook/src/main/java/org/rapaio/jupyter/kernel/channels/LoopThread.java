package org.rapaio.jupyter.kernel.channels;

/**
 * Stands before the class of this name in rapaio-jupyter-kernel 3.0.1. There, {@code start()} says that the loop runs only after
 * the thread has begun, so that the thread may look first, find that it does not, and end: a kernel that never answers.
 */
public final class LoopThread extends Thread {
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

    @Override
    public void run() {
        try {
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
