package dev.pintle.server.serving;

import dev.pintle.model.Generation;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The requests whose answers are being generated, so that anyone can cancel them. */
public final class Requests {
    private final Map<String, List<Generation>> running = new ConcurrentHashMap<>();

    /** An entry, until it is closed. */
    public interface Entry extends AutoCloseable {
        @Override
        void close();
    }

    /** Adds the generations of a request. */
    public Entry add(String id, List<Generation> generations) {
        running.put(id, generations);
        return () -> running.remove(id);
    }

    /** Ids of the requests. */
    public List<String> ids() {
        return running.keySet().stream().sorted().toList();
    }

    /**
     * Cancels a request, whose client is told.
     *
     * @return whether it was running
     */
    public boolean cancel(String id) {
        List<Generation> generations = running.getOrDefault(id, List.of());
        generations.forEach(Generation::cancel);
        return !generations.isEmpty();
    }

    /** Cancels all. */
    public void cancelAll() {
        ids().forEach(this::cancel);
    }
}
