package dev.pintle.server.api;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.Json;
import dev.pintle.server.http.ApiKeys.Scope;
import dev.pintle.server.http.Call;
import dev.pintle.server.http.OpenReply;
import dev.pintle.server.http.Routes;
import dev.pintle.server.serving.Jobs;
import java.io.IOException;
import java.time.Duration;

/** Jobs: where they stand, as they go on, and cancelling them. */
public final class JobsApi {
    private static final Duration QUIET = Duration.ofSeconds(10);
    private static final long LOOK = 1000; // milliseconds

    private final Jobs jobs;

    /** @param jobs runs them */
    public JobsApi(Jobs jobs) {
        this.jobs = jobs;
    }

    /** Adds its routes below a path. */
    public void addTo(Routes routes, String path) {
        String one = path + "/jobs/{id}";
        routes.add("GET", path + "/jobs", Scope.READ, "Jobs; ?results=false leaves out what they made", this::list)
                .add(
                        "GET",
                        one,
                        Scope.READ,
                        "One job",
                        call -> call.reply(job(call).json()))
                .add("DELETE", one, Scope.MANAGE, "Cancels a job", this::cancel)
                .add("GET", one + "/events", Scope.READ, "A job as it goes on, as a stream of events", this::events);
    }

    private Jobs.Job job(Call call) {
        return jobs.find(call.path("id"));
    }

    private void list(Call call) throws IOException {
        ObjectNode list = Json.object();
        ArrayNode data = list.putArray("jobs");
        boolean whole = !call.query("results").orElse("true").equals("false");
        for (Jobs.Job job : jobs.all()) {
            ObjectNode one = job.json();
            data.add(whole ? one : one.without("result"));
        }
        call.reply(list);
    }

    private void cancel(Call call) throws IOException {
        jobs.cancel(job(call).id());
        call.reply(job(call).json());
    }

    private void events(Call call) throws IOException, InterruptedException {
        Jobs.Job job = job(call);
        OpenReply reply = call.open("text/event-stream; charset=utf-8");
        try {
            reply.pulse(": ping\n\n", QUIET, () -> {});
            long seen = -1;
            String sent = "";
            for (boolean ended = false; !ended; ) {
                long version = job.await(seen, LOOK);
                ended = job.hasEnded(); // before the state is read, so that the last one is not missed
                String state = Json.line(job.json());
                if ((version != seen || ended) && !state.equals(sent)) {
                    reply.send("data: " + state + "\n\n");
                    sent = state;
                }
                seen = version;
            }
            reply.end();
        } finally {
            reply.quiet();
        }
    }
}
