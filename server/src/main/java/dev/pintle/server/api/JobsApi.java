package dev.pintle.server.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.FieldException;
import dev.pintle.base.Json;
import dev.pintle.base.JsonRecords;
import dev.pintle.base.Problem;
import dev.pintle.library.Library;
import dev.pintle.server.http.ApiKeys.Scope;
import dev.pintle.server.http.Call;
import dev.pintle.server.http.JsonNumbers;
import dev.pintle.server.http.OpenReply;
import dev.pintle.server.http.Routes;
import dev.pintle.server.serving.Jobs;
import dev.pintle.server.serving.Models;
import dev.pintle.server.serving.ServedModel;
import dev.pintle.steering.Aggregation;
import dev.pintle.steering.ContrastPair;
import dev.pintle.steering.FitResult;
import dev.pintle.steering.Positions;
import dev.pintle.steering.SteeringMethod;
import dev.pintle.steering.SteeringVector;
import dev.pintle.steering.VectorFit;
import dev.pintle.transformer.HookPoint;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Jobs, and the fitting of vectors as one. */
public final class JobsApi {
    private static final Duration QUIET = Duration.ofSeconds(10);
    private static final long LOOK = 1000; // milliseconds

    private final Library library;
    private final Models models;
    private final Jobs jobs;

    /** @param jobs runs them */
    public JobsApi(Library library, Models models, Jobs jobs) {
        this.library = library;
        this.models = models;
        this.jobs = jobs;
    }

    /** Adds its routes below a path. */
    public void addTo(Routes routes, String path) {
        String one = path + "/jobs/{id}";
        routes.add("POST", path + "/vectors/fit", Scope.MANAGE, "Fits vectors, as a job", this::fit)
                .add("GET", path + "/jobs", Scope.READ, "Jobs", this::list)
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
        jobs.all().forEach(job -> data.add(job.json()));
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
            for (long seen = -1; ; ) {
                long version = job.await(seen, LOOK);
                if (version != seen) {
                    reply.send("data: " + Json.line(job.json()) + "\n\n");
                    seen = version;
                }
                if (job.hasEnded()) {
                    reply.end();
                    return;
                }
            }
        } finally {
            reply.quiet();
        }
    }

    /**
     * What a fit takes.
     *
     * @param positive with {@code negative}: two system prompts
     * @param pairs instead: texts, or conversations with their last message open
     * @param method as on the command line; the one for two system prompts, or for pairs, where absent
     * @param layers the layers to read; the middle one where absent
     * @param name to keep the vectors under; only their hash where absent
     */
    record Fit(
            @Nullable String model,
            @Nullable String positive,
            @Nullable String negative,
            @Nullable List<Pair> pairs,
            @Nullable String method,
            @Nullable String positions,
            @Nullable String aggregation,
            @Nullable List<Integer> layers,
            @Nullable String name) {}

    /** Two texts. */
    record Pair(@Nullable String positive, @Nullable String negative) {
        Pair {
            if (positive == null || negative == null) {
                throw new FieldException(
                        positive == null ? "positive" : "negative", Problem.of("A pair needs two texts."));
            }
        }
    }

    private void fit(Call call) throws IOException {
        Fit asked = JsonRecords.read(call.json(), Fit.class, "");
        ServedModel served = models.find(asked.model()).model();
        SteeringMethod method = method(asked);
        List<HookPoint> points = points(served, asked.layers());
        String name = asked.name();
        if (name != null) {
            library.vectors().requireName(name, true);
        }
        Jobs.Job job = jobs.start("fit", served, progress -> {
            FitResult fitted = VectorFit.of(served.model(), method)
                    .at(points)
                    .listening(progress)
                    .run();
            return kept(fitted, name);
        });
        call.reply(202, job.json());
    }

    private JsonNode kept(FitResult fitted, @Nullable String name) {
        List<SteeringVector> vectors = new ArrayList<>(fitted.vectors().values());
        String hash = library.vectors().keep(vectors);
        if (name != null) {
            library.vectors().assign(name, hash);
        }
        ObjectNode json = Json.object().put("vector", hash).put("name", name);
        ArrayNode layers = json.putArray("layers");
        for (SteeringVector vector : vectors) {
            ObjectNode one =
                    layers.addObject().put("at", vector.at().toString()).put("sha256", vector.hash());
            JsonNumbers.put(one, "mean_activation_norm", vector.origin().meanActivationNorm());
            JsonNumbers.put(
                    one,
                    "split_half_cosine",
                    vector.origin().measures().stability().splitHalfCosine());
        }
        return json;
    }

    private static SteeringMethod method(Fit asked) {
        boolean prompts = asked.positive() != null && asked.negative() != null;
        List<Pair> given = asked.pairs() == null ? List.of() : asked.pairs();
        if (prompts == !given.isEmpty()) {
            throw new FieldException(
                    "pairs",
                    Problem.of("A fit needs one source of contrastive data.")
                            .fact("expected", "positive and negative, two system prompts, or pairs"));
        }
        List<ContrastPair> pairs = prompts
                ? List.of(ContrastPair.ofSystemPrompts(
                        String.valueOf(asked.positive()), String.valueOf(asked.negative())))
                : given.stream()
                        .map(pair ->
                                ContrastPair.ofTexts(String.valueOf(pair.positive()), String.valueOf(pair.negative())))
                        .toList();
        Positions positions = asked.positions() == null ? null : Positions.parse(asked.positions());
        String usual = positions != null ? "contrast" : prompts ? "after-last-difference" : "last-position";
        String name = asked.method() == null ? usual : asked.method();
        return SteeringMethod.of(
                name, pairs, positions, Aggregation.parse(asked.aggregation() == null ? "mean" : asked.aggregation()));
    }

    private static List<HookPoint> points(ServedModel served, @Nullable List<Integer> layers) {
        int blocks = served.model().config().nLayers();
        List<Integer> chosen = layers == null || layers.isEmpty() ? List.of(blocks / 2) : layers;
        requireLayers(chosen, blocks);
        return chosen.stream().map(HookPoint::residPost).toList();
    }

    static void requireLayers(List<Integer> layers, int blocks) {
        for (int i = 0; i < layers.size(); i++) {
            if (layers.get(i) < 0 || layers.get(i) >= blocks) {
                throw new FieldException(
                        "layers[" + i + "]",
                        Problem.of("The model has no such layer.")
                                .fact("expected", "0 to " + (blocks - 1))
                                .fact("but was", layers.get(i)));
            }
        }
    }
}
