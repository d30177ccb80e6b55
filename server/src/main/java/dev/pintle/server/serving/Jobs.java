package dev.pintle.server.serving;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.Json;
import dev.pintle.base.Problem;
import dev.pintle.base.Progress;
import dev.pintle.server.http.HttpProblem;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/** Long work that clients start and look after: one job at a time, beside requests. The last hundred are remembered. */
public final class Jobs implements AutoCloseable {
    private static final int REMEMBERED = 100;
    private static final int MOST_WAITING = 16;
    private static final int LONGEST_ASKED = 64 << 10; // characters

    private final ExecutorService worker = Executors.newSingleThreadExecutor(work -> {
        Thread thread = new Thread(work, "pintle-server jobs");
        thread.setDaemon(true);
        return thread;
    });
    private final Map<String, Job> jobs = new LinkedHashMap<>(); // guarded by this

    /** What a job does. */
    @FunctionalInterface
    public interface Work {
        /**
         * Does it.
         *
         * @param progress also ends the work, by an exception, once the job is cancelled
         * @return the result, for JSON
         */
        JsonNode run(Progress progress) throws Exception;
    }

    /** Where a job stands. */
    public enum State {
        WAITING,
        RUNNING,
        FINISHED,
        FAILED,
        CANCELLED
    }

    /** One job. */
    public static final class Job {
        private final String id = "job-" + UUID.randomUUID().toString().substring(0, 8);
        private final String kind;
        private State state = State.WAITING; // this and all below guarded by this
        private String stage = "";
        private long done;
        private long total;
        private long version;
        private boolean cancelled;
        private final Instant created = Instant.now();
        private @Nullable Instant started;
        private @Nullable Instant ended;
        private @Nullable ObjectNode asked;
        private @Nullable JsonNode result;
        private @Nullable JsonNode error;

        private Job(String kind) {
            this.kind = kind;
        }

        /** Its id. */
        public String id() {
            return id;
        }

        /**
         * Remembers what was asked for, so that it can be told and asked again.
         *
         * @param route below the path of our own routes
         * @param body of the request; left out where it is long
         */
        public synchronized Job asked(String route, JsonNode body) {
            asked = Json.object().put("route", route);
            if (Json.line(body).length() <= LONGEST_ASKED) {
                asked.set("body", body);
            }
            return this;
        }

        /** Where it stands, for JSON. */
        public synchronized ObjectNode json() {
            ObjectNode json = Json.object()
                    .put("id", id)
                    .put("kind", kind)
                    .put("state", state.name().toLowerCase(Locale.ROOT));
            json.putObject("progress").put("stage", stage).put("done", done).put("total", total);
            json.put("created", created.toString());
            if (started != null) {
                json.put("started", started.toString());
                Instant until = ended == null ? Instant.now() : ended;
                json.put("seconds", Duration.between(started, until).toMillis() / 1000.0);
            }
            if (ended != null) {
                json.put("ended", ended.toString());
            }
            if (asked != null) {
                json.set("asked", asked);
            }
            if (result != null) {
                json.set("result", result);
            }
            if (error != null) {
                json.set("error", error);
            }
            return json;
        }

        /** Whether it has ended. */
        public synchronized boolean hasEnded() {
            return state != State.WAITING && state != State.RUNNING;
        }

        /**
         * Waits until something has changed.
         *
         * @param seen the version that is known
         * @param milliseconds the longest time to wait
         * @return the version now
         */
        public synchronized long await(long seen, long milliseconds) throws InterruptedException {
            if (version == seen && !hasEnded()) {
                wait(milliseconds);
            }
            return version;
        }

        private synchronized void at(String now, long parts, long of) {
            if (cancelled) {
                throw new CancellationException("The job was cancelled.");
            }
            stage = now;
            done = parts;
            total = of;
            changed();
        }

        private synchronized void move(State next) {
            state = next;
            if (next == State.RUNNING) {
                started = Instant.now();
            } else {
                ended = Instant.now();
            }
            changed();
        }

        private synchronized void changed() {
            version++;
            notifyAll();
        }

        private synchronized void cancel() {
            cancelled = true;
            if (state == State.WAITING) {
                move(State.CANCELLED);
            }
        }

        private void run(Work work) {
            synchronized (this) {
                if (hasEnded()) {
                    return;
                }
                move(State.RUNNING);
            }
            try {
                JsonNode made = work.run(this::at);
                synchronized (this) {
                    result = made;
                    move(State.FINISHED);
                }
            } catch (CancellationException e) {
                move(State.CANCELLED);
            } catch (Exception | Error e) {
                synchronized (this) {
                    error = HttpProblem.of(e).json().get("error");
                    move(State.FAILED);
                }
            }
        }
    }

    /**
     * Starts a job as soon as those before it have ended.
     *
     * @throws HttpProblem 429 if too many wait
     */
    public Job start(String kind, Work work) {
        Job job = new Job(kind);
        synchronized (this) {
            long waiting = jobs.values().stream().filter(one -> !one.hasEnded()).count();
            if (waiting > MOST_WAITING) {
                throw HttpProblem.of(429, "queue_full", Problem.of("Too many jobs are waiting."))
                        .with("Retry-After", "10");
            }
            jobs.put(job.id(), job);
            if (jobs.size() > REMEMBERED) {
                jobs.values().stream().filter(Job::hasEnded).findFirst().ifPresent(oldest -> jobs.remove(oldest.id()));
            }
        }
        try {
            worker.execute(() -> job.run(work));
        } catch (RejectedExecutionException e) {
            throw HttpProblem.of(503, "shutting_down", Problem.of("The server is stopping."));
        }
        return job;
    }

    /**
     * Starts a job on a model, which lets scoring and capturing have a turn at each of its steps, and ends if the model is
     * unloaded.
     *
     * @throws HttpProblem 429 if too many wait
     */
    public Job start(String kind, ServedModel on, Work work) {
        return start(kind, progress -> {
            try (Reads.Turn turn = on.reads().begin()) {
                return work.run(turn.shared(progress));
            }
        });
    }

    /** All jobs that are remembered, oldest first. */
    public synchronized List<Job> all() {
        return new ArrayList<>(jobs.values());
    }

    /** @throws HttpProblem 404 if there is none */
    public synchronized Job find(String id) {
        Job job = jobs.get(id);
        if (job == null) {
            throw HttpProblem.of(
                    404, "job_not_found", Problem.of("There is no such job.").fact("job", id));
        }
        return job;
    }

    /** Ends a job at its next step; one that waits does not begin. */
    public void cancel(String id) {
        find(id).cancel();
    }

    @Override
    public void close() {
        all().forEach(Job::cancel);
        worker.shutdown();
    }
}
