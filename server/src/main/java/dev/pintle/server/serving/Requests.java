package dev.pintle.server.serving;

import dev.pintle.model.Generation;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

/** The requests whose answers are being generated, so that anyone can cancel them. */
public final class Requests {
    private final Map<String, Running> running = new ConcurrentHashMap<>();

    /**
     * What a request is, besides its prompt, which is nobody else's business.
     *
     * @param model as the client called it
     * @param promptTokens of one answer
     * @param mostTokens that an answer may have
     * @param streams whether the client reads the answer as it is written
     * @param steering what acts, as a reply says it
     */
    public record About(
            String model, int promptTokens, int mostTokens, boolean streams, List<Map<String, Object>> steering) {}

    private record Running(About about, List<Generation> generations, long began) {}

    /** An entry, until it is closed. */
    public interface Entry extends AutoCloseable {
        @Override
        void close();
    }

    /** Adds the generations of a request. */
    public Entry add(String id, About about, List<Generation> generations) {
        running.put(id, new Running(about, generations, System.nanoTime()));
        return () -> running.remove(id);
    }

    /** Ids of the requests. */
    public List<String> ids() {
        return running.keySet().stream().sorted().toList();
    }

    /** What runs and how far it is, for JSON, in the order of their ids. */
    public List<Map<String, Object>> running() {
        List<Map<String, Object>> all = new ArrayList<>();
        new TreeMap<>(running).forEach((id, one) -> {
            Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("id", id);
            fields.put("model", one.about().model());
            fields.put("answers", one.generations().size());
            fields.put("prompt_tokens", one.about().promptTokens());
            fields.put(
                    "tokens",
                    one.generations().stream().mapToInt(Generation::tokens).sum());
            fields.put("max_tokens", one.about().mostTokens());
            fields.put("stream", one.about().streams());
            fields.put("seconds", (System.nanoTime() - one.began()) / 1_000_000 / 1000.0);
            fields.put("steering", one.about().steering());
            all.add(fields);
        });
        return all;
    }

    /**
     * Cancels a request, whose client is told.
     *
     * @return whether it was running
     */
    public boolean cancel(String id) {
        Running found = running.get(id);
        if (found != null) {
            found.generations().forEach(Generation::cancel);
        }
        return found != null;
    }

    /** Cancels all. */
    public void cancelAll() {
        ids().forEach(this::cancel);
    }
}
