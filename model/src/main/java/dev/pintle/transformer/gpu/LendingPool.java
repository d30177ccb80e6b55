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
 * A pool of things that are expensive to make and have one user at a time: each belongs to whoever took it until it is given
 * back, and can then be used again. No lock is held in between. Idle ones are evicted, least recently used first, until count
 * and total size are within bounds.
 *
 * @param <K> what one is made for
 * @param <S> one of them
 */
final class LendingPool<K, S extends AutoCloseable> implements AutoCloseable {
    private final int most;
    private final LongSupplier mostBytes;
    private final ToLongFunction<K> bytes;
    private final Function<K, S> make;
    private final Deque<Kept<K, S>> idle = new ArrayDeque<>(); // most recently used last
    private final Map<S, K> lent = new IdentityHashMap<>();
    private boolean closed;

    private record Kept<K, S>(K key, S step) {}

    /**
     * @param most maximum number
     * @param mostBytes maximum size of all together
     * @param bytes size of one
     * @param make makes one
     */
    LendingPool(int most, LongSupplier mostBytes, ToLongFunction<K> bytes, Function<K, S> make) {
        this.most = most;
        this.mostBytes = mostBytes;
        this.bytes = bytes;
        this.make = make;
    }

    /**
     * Takes one for exclusive use. If none is in use, there always is one.
     *
     * @return empty if all that fit are in use and there is no room for another
     * @throws PintleException if none is in use and none can be made
     */
    synchronized Optional<S> take(K key) {
        S step = idle(key);
        if (step == null) {
            makeRoomFor(key);
            if (!lent.isEmpty() && !hasRoomFor(key)) {
                return Optional.empty();
            }
            try {
                step = make.apply(key);
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

    /** Returns one that was taken. */
    synchronized void giveBack(S step) {
        K key = lent.remove(step);
        if (key == null) {
            throw new IllegalStateException("It was not taken, or has already been given back.");
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
            throw new IllegalStateException("It cannot be closed.", e);
        }
    }

    /** Closes idle ones; those in use are closed when they are given back. */
    @Override
    public synchronized void close() {
        closed = true;
        idle.forEach(kept -> close(kept.step()));
        idle.clear();
    }
}
