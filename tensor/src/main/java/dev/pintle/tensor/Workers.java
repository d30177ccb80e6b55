package dev.pintle.tensor;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/*
 * A block of a small model takes a fraction of a millisecond, and waking a parked thread up to a fifth of that. So the
 * threads of the team spin for a moment before they park: long enough for the next loop of the same pass, and short
 * enough to cost nothing afterwards.
 */
/** Shares loops written in Java among as many threads as libtorch uses, the calling thread included. */
public final class Workers {
    /** Loops with fewer FLOPs take less time than handing over a part. */
    private static final double WORTH_THREADS = 2e6;

    private static final long SPIN_NANOS = 60_000;
    private static final ReentrantLock IN_USE = new ReentrantLock();
    private static final List<Worker> TEAM = new ArrayList<>(); // guarded by IN_USE
    private static volatile @Nullable Loop current;

    private Workers() {}

    /** The number of threads, the calling one included. */
    public static int count() {
        return LibTorch.threadCount();
    }

    /**
     * Calls {@code body} with 0 to {@code parts} − 1, each once, in no particular order. While the team is busy with the
     * loop of another thread, the calling thread does everything.
     *
     * @param flops of all parts together
     */
    public static void share(int parts, double flops, IntConsumer body) {
        boolean alone = parts < 2 || flops < WORTH_THREADS || count() == 1 || IN_USE.isHeldByCurrentThread();
        if (alone || !IN_USE.tryLock()) {
            for (int part = 0; part < parts; part++) {
                body.accept(part);
            }
            return;
        }
        try {
            Loop loop = new Loop(parts, body);
            assemble(Math.min(parts, count()) - 1);
            current = loop;
            TEAM.forEach(Worker::wake);
            loop.run();
            current = null;
            loop.awaitOthers();
        } finally {
            IN_USE.unlock();
        }
    }

    private static void assemble(int others) {
        while (TEAM.size() < others) {
            Worker worker = new Worker();
            TEAM.add(worker);
            worker.setDaemon(true);
            worker.start();
        }
    }

    private static final class Loop {
        private final int parts;
        private final IntConsumer body;
        private final AtomicInteger next = new AtomicInteger();
        private final AtomicInteger helpers = new AtomicInteger();
        private volatile @Nullable Throwable failure;

        Loop(int parts, IntConsumer body) {
            this.parts = parts;
            this.body = body;
        }

        void run() {
            try {
                for (int part = next.getAndIncrement(); part < parts; part = next.getAndIncrement()) {
                    body.accept(part);
                }
            } catch (RuntimeException | Error e) {
                failure = e;
                next.set(parts);
            }
        }

        /** Called by a worker. */
        void help() {
            helpers.incrementAndGet();
            if (current == this) { // otherwise the caller may already have left
                run();
            }
            helpers.decrementAndGet();
        }

        void awaitOthers() {
            long began = System.nanoTime();
            while (helpers.get() > 0) {
                if (System.nanoTime() - began < SPIN_NANOS) {
                    Thread.onSpinWait();
                } else {
                    Thread.yield();
                }
            }
            if (failure instanceof RuntimeException e) {
                throw e;
            }
            if (failure instanceof Error e) {
                throw e;
            }
        }
    }

    private static final class Worker extends Thread {
        private volatile boolean parked;

        Worker() {
            super("pintle-worker");
        }

        void wake() {
            if (parked) {
                LockSupport.unpark(this);
            }
        }

        @Override
        public void run() {
            Loop last = null;
            long idleSince = System.nanoTime();
            while (true) {
                Loop loop = current;
                if (loop != null && loop != last) {
                    loop.help();
                    last = loop;
                    idleSince = System.nanoTime();
                } else if (System.nanoTime() - idleSince < SPIN_NANOS) {
                    Thread.onSpinWait();
                } else {
                    last = null; // otherwise it would keep the arrays of the last pass alive
                    parked = true;
                    if (current == null || current == last) {
                        LockSupport.park(this);
                    }
                    parked = false;
                    idleSince = System.nanoTime();
                }
            }
        }
    }
}
