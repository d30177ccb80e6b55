package dev.pintle.model;

import dev.pintle.base.Problem;
import dev.pintle.transformer.gpu.SlotLender;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/*
 * One thread owns the batch; callers only put requests into a queue and read what comes out. Requests join and leave between
 * tokens. Those that can't decode with others (a hook reads the attention pattern, FP64; on a GPU, a hook does more than a
 * recorded step can) are generated on a second thread, so that they slow nobody's batch. On a GPU without recorded steps, the
 * requests that wait when a batch ends form the next.
 */
/**
 * Generates for many callers at once. A request's tokens and log-probabilities are those of the same request alone: where
 * {@link #isExact}, to the bit, whatever runs beside it, arrives, or is cancelled.
 */
public final class GenerationEngine implements AutoCloseable {
    private static final int MOST_UNREAD = 256;

    private final Generator generator;
    private final EngineOptions options;
    private final Deque<Generation> arrived = new ArrayDeque<>(); // guarded by this
    private final Deque<Generation> apart = new ArrayDeque<>(); // guarded by this; decode alone
    private final Set<Generation> unfinished = new LinkedHashSet<>(); // guarded by this
    private final List<Thread> threads = new ArrayList<>();
    private boolean closed; // guarded by this
    private @Nullable Throwable failure; // guarded by this

    GenerationEngine(Generator generator, String name, EngineOptions options) {
        this.generator = generator;
        this.options = options;
        start(name, generator.joinRows() ? this::join : this::inBatches);
        if (generator.joinRows()) {
            start(name + " apart", this::alone);
        }
    }

    private void start(String name, Runnable work) {
        Thread thread = new Thread(() -> run(work), "pintle-" + name);
        thread.setDaemon(true);
        threads.add(thread);
        thread.start();
    }

    /** Runs an engine's thread; if it fails, as when the heap is full, nobody waits for it in vain. */
    private void run(Runnable work) {
        try {
            work.run();
        } catch (RuntimeException | Error e) {
            List<Generation> left;
            synchronized (this) {
                failure = e;
                closed = true;
                left = List.copyOf(unfinished);
                notifyAll();
            }
            left.forEach(generation -> end(generation, failed(e)));
        }
    }

    private static RuntimeException failed(Throwable cause) {
        return new IllegalStateException("The engine has failed; load the model again: " + cause, cause);
    }

    /**
     * What an engine is doing.
     *
     * @param unfinished requests that have not ended
     * @param waiting those of them whose prompts have not been run
     * @param rows that run; a request with a twin has two
     * @param reservedBytes what their keys and values may come to take
     * @param roomBytes what keys and values may take together; on a GPU, as memory is free now
     */
    public record Load(int unfinished, int waiting, int rows, long reservedBytes, long roomBytes) {}

    /** Whether the bits of a request's numbers do not depend on what runs beside it. */
    public boolean isExact() {
        return generator.isExact();
    }

    /**
     * Tries which numbers of rows leave a row the bits that it has alone. It takes memory of its own, so it is done before
     * requests come.
     *
     * @param time after which no larger numbers of rows are tried
     */
    public RowCheck check(Duration time) {
        return generator.check(time);
    }

    /** What this engine is doing now. */
    public Load load() {
        List<GenerationRow> all;
        synchronized (this) {
            all = unfinished.stream().map(Generation::row).toList();
        }
        List<GenerationRow> running =
                all.stream().filter(GenerationRow::hasBegun).toList();
        long reserved = running.stream().mapToLong(generator::bytes).sum();
        return new Load(
                all.size(),
                all.size() - running.size(),
                running.stream().mapToInt(Lane::count).sum(),
                reserved,
                generator.room(reserved));
    }

    /** Submits a request whose caller only wants the result. */
    public Generation submit(GenerationRequest request) {
        return submit(request, false);
    }

    /**
     * Submits a request whose caller reads pieces as they come. A reader that leaves 256 pieces unread is taken for dead:
     * its request is cancelled, so that it holds up nobody.
     */
    public Generation stream(GenerationRequest request) {
        return submit(request, true);
    }

    /**
     * @throws IllegalArgumentException for ids outside the vocabulary, a prompt longer than the context, or hooks that do
     *     not fit the model
     * @throws EngineFullException if too many requests wait already
     * @throws IllegalStateException if the engine is closed
     */
    private Generation submit(GenerationRequest request, boolean streams) {
        generator.check(request);
        Generation generation = new Generation(streams, MOST_UNREAD);
        GenerationRow row = generator.row(0, request, generation::take);
        generation.begin(row);
        if (row.hasEnded()) {
            generation.end(null);
            return generation;
        }
        boolean joins = generator.joins(row);
        synchronized (this) {
            if (closed) {
                throw failure == null ? new IllegalStateException("The engine is closed.") : failed(failure);
            }
            if (arrived.size() + apart.size() >= options.mostWaiting()) {
                throw new EngineFullException(Problem.of("Too many requests are waiting.")
                        .fact("waiting", arrived.size() + apart.size())
                        .fact("expected", "at most " + options.mostWaiting())
                        .fact("try", "again later"));
            }
            unfinished.add(generation);
            (joins || !generator.joinRows() ? arrived : apart).add(generation);
            notifyAll();
        }
        return generation;
    }

    // ---------------------------------------------------------------- requests that join

    private void join() {
        Joining joining = new Joining();
        while (isOpen()) {
            generator.join(joining);
        }
        joining.endThoseThatHave();
    }

    /** What the engine's thread runs. */
    private final class Joining implements Arrivals {
        private final Map<GenerationRow, Generation> running = new LinkedHashMap<>(); // by identity, as rows are

        @Override
        public boolean addTo(Deque<GenerationRow> waiting, int free, boolean idle) {
            for (GenerationRow row : waiting) {
                if (generation(row).isCancelled()) {
                    row.cancel();
                }
            }
            endThoseThatHave();
            for (Generation generation : taken(arrived, free, idle)) {
                running.put(generation.row(), generation);
                waiting.add(generation.row());
            }
            return isOpen();
        }

        private Generation generation(GenerationRow row) {
            return Objects.requireNonNull(running.get(row));
        }

        @Override
        public void failed(List<GenerationRow> rows, RuntimeException cause) {
            for (GenerationRow row : rows) {
                end(generation(row), cause);
                running.remove(row);
            }
        }

        void endThoseThatHave() {
            running.values().removeIf(generation -> {
                boolean ended = generation.row().hasEnded();
                if (ended) {
                    end(generation, null);
                }
                return ended;
            });
        }
    }

    private void alone() {
        while (isOpen()) {
            for (Generation generation : taken(apart, 1, true)) {
                written(List.of(generation), failures -> generator.writeAlone(generation.row(), failures));
            }
        }
    }

    // ---------------------------------------------------------------- requests that begin together

    private void inBatches() {
        while (isOpen()) {
            List<Generation> batch = taken(arrived, SlotLender.MOST_ROWS, true);
            if (!batch.isEmpty()) {
                written(
                        batch,
                        failures -> generator.write(
                                batch.stream().map(Generation::row).toList(), failures));
            }
        }
    }

    private void written(List<Generation> batch, Consumer<Lane.Failures> work) {
        RuntimeException failure = null;
        try {
            work.accept((rows, cause) -> batch.stream()
                    .filter(generation -> rows.contains(generation.row()))
                    .forEach(generation -> end(generation, cause)));
        } catch (RuntimeException e) {
            failure = e;
        }
        for (Generation generation : batch) {
            end(generation, generation.row().hasEnded() ? null : failure);
        }
    }

    // ---------------------------------------------------------------- both

    private synchronized boolean isOpen() {
        return !closed;
    }

    /** Takes at most so many of what has arrived; what was cancelled meanwhile ends here. */
    private List<Generation> taken(Deque<Generation> from, int most, boolean mayWait) {
        List<Generation> taken = new ArrayList<>();
        List<Generation> cancelled = new ArrayList<>();
        synchronized (this) {
            while (mayWait && from.isEmpty() && !closed) {
                try {
                    wait();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    return List.of();
                }
            }
            for (Iterator<Generation> each = from.iterator(); each.hasNext(); ) {
                Generation generation = each.next();
                if (generation.isCancelled()) {
                    cancelled.add(generation);
                    each.remove();
                } else if (taken.size() < most) {
                    taken.add(generation);
                    each.remove();
                }
            }
        }
        for (Generation generation : cancelled) {
            generation.row().cancel();
            end(generation, null);
        }
        return taken;
    }

    private void end(Generation generation, @Nullable RuntimeException cause) {
        synchronized (this) {
            if (!unfinished.remove(generation)) {
                return;
            }
        }
        generation.end(cause);
    }

    /** Cancels what runs and waits, and returns when the engine's threads have ended. */
    @Override
    public void close() {
        List<Generation> left;
        synchronized (this) {
            closed = true;
            left = List.copyOf(unfinished);
            left.forEach(Generation::cancel);
            notifyAll();
        }
        boolean interrupted = false;
        for (Thread thread : threads) {
            while (thread.isAlive()) {
                try {
                    thread.join();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        for (Generation generation : left) {
            generation.row().cancel();
            end(generation, null);
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
