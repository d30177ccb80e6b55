package dev.pintle.transformer.gpu;

import dev.pintle.base.PintleException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Recordings that are dear to make and serve one at a time: each belongs to whoever took it until it is given back, and may then
 * serve again. No lock is held in between. Of those that nobody has, the ones not used for longest are dropped when there are too
 * many, or when together they are too large.
 *
 * @param <K> what a recording is for
 * @param <S> a recording
 */
final class StepPool<K, S extends AutoCloseable> implements AutoCloseable {
    private final int most;
    private final LongSupplier mostBytes;
    private final ToLongFunction<K> bytes;
    private final Function<K, S> record;
    private final Deque<Kept<K, S>> idle = new ArrayDeque<>(); // last used last
    private final Map<S, K> lent = new IdentityHashMap<>();
    private boolean closed;

    private record Kept<K, S>(K key, S step) {}

    /**
     * @param most recordings that are kept
     * @param mostBytes that they take together
     * @param bytes of one
     * @param record makes one
     */
    StepPool(int most, LongSupplier mostBytes, ToLongFunction<K> bytes, Function<K, S> record) {
        this.most = most;
        this.mostBytes = mostBytes;
        this.bytes = bytes;
        this.record = record;
    }

    /**
     * A recording that nobody else has. Where nobody has any, there is always one.
     *
     * @return empty where all fitting ones are taken and there is no room for another
     * @throws PintleException if nobody has a recording and none can be made
     */
    synchronized Optional<S> take(K key) {
        S step = idle(key);
        if (step == null) {
            makeRoomFor(key);
            if (!lent.isEmpty() && !hasRoomFor(key)) {
                return Optional.empty();
            }
            try {
                step = record.apply(key);
            } catch (PintleException e) {
                if (lent.isEmpty()) {
                    throw e;
                }
                return Optional.empty();
            }
        }
        lent.put(step, key);
        return Optional.of(step);
    }

    /** Ends the ownership of a recording that was taken. */
    synchronized void giveBack(S step) {
        K key = lent.remove(step);
        if (key == null) {
            throw new IllegalStateException("The recording was not taken, or was given back before.");
        }
        if (closed) {
            close(step);
        } else {
            idle.addLast(new Kept<>(key, step));
        }
    }

    private @Nullable S idle(K key) {
        for (Iterator<Kept<K, S>> kept = idle.iterator(); kept.hasNext(); ) {
            Kept<K, S> next = kept.next();
            if (next.key().equals(key)) {
                kept.remove();
                return next.step();
            }
        }
        return null;
    }

    private void makeRoomFor(K key) {
        while (!idle.isEmpty() && !hasRoomFor(key)) {
            close(idle.removeFirst().step());
        }
    }

    private boolean hasRoomFor(K key) {
        long held =
                idle.stream().mapToLong(kept -> bytes.applyAsLong(kept.key())).sum()
                        + lent.values().stream().mapToLong(bytes).sum();
        return idle.size() + lent.size() < most && held + bytes.applyAsLong(key) <= mostBytes.getAsLong();
    }

    private static void close(AutoCloseable step) {
        try {
            step.close();
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException("A recording cannot be closed.", e);
        }
    }

    /** Drops what nobody has; what somebody has is dropped when it is given back. */
    @Override
    public synchronized void close() {
        closed = true;
        idle.forEach(kept -> close(kept.step()));
        idle.clear();
    }
}
