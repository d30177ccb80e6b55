package dev.pintle.server;

import dev.pintle.base.Problem;
import dev.pintle.library.Library;
import dev.pintle.model.LanguageModel;
import dev.pintle.server.api.Activations;
import dev.pintle.server.api.CapturesApi;
import dev.pintle.server.api.Decompositions;
import dev.pintle.server.api.FitJobs;
import dev.pintle.server.api.JobsApi;
import dev.pintle.server.api.Latents;
import dev.pintle.server.api.Loading;
import dev.pintle.server.api.Operations;
import dev.pintle.server.api.PresetsApi;
import dev.pintle.server.api.Runs;
import dev.pintle.server.api.Saes;
import dev.pintle.server.api.Scores;
import dev.pintle.server.api.StudyJobs;
import dev.pintle.server.api.SweepJobs;
import dev.pintle.server.api.Texts;
import dev.pintle.server.api.VectorAlgebra;
import dev.pintle.server.api.Vectors;
import dev.pintle.server.http.ApiKeys.Scope;
import dev.pintle.server.http.Front;
import dev.pintle.server.http.HttpProblem;
import dev.pintle.server.http.Routes;
import dev.pintle.server.openai.ChatCompletions;
import dev.pintle.server.openai.Completing;
import dev.pintle.server.openai.Completions;
import dev.pintle.server.openai.ModelList;
import dev.pintle.server.serving.CaptureLinks;
import dev.pintle.server.serving.Jobs;
import dev.pintle.server.serving.Metrics;
import dev.pintle.server.serving.Models;
import dev.pintle.server.serving.Requests;
import dev.pintle.server.serving.ServedModel;
import java.time.Duration;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Serves models over HTTP: OpenAI's routes with fields that steer, and routes of our own under {@code /pintle/v1}. A request
 * holds what it resolved when it arrived; nothing that is later renamed, replaced or deleted changes it.
 */
public final class PintleServer implements AutoCloseable {
    private static final String OWN = "/pintle/v1";
    private static final Duration LAST_WORDS = Duration.ofSeconds(2);

    private final Models models;
    private final Jobs jobs;
    private final Requests requests;
    private final Front front;

    private PintleServer(Models models, Jobs jobs, Requests requests, Front front) {
        this.models = models;
        this.jobs = jobs;
        this.requests = requests;
        this.front = front;
    }

    /**
     * Starts to serve.
     *
     * @param library where vectors, autoencoders and presets are found and kept
     * @param loaded models by the names that clients call them; the server closes them
     * @throws dev.pintle.base.PintleException if the address can't be bound, or is not this machine's own and no key is
     *     needed
     */
    public static PintleServer start(Library library, Map<String, LanguageModel> loaded, ServerSettings settings) {
        return start(library, loaded, settings, routes -> {});
    }

    /**
     * Starts to serve, also what others add.
     *
     * @param library where vectors, autoencoders and presets are found and kept
     * @param loaded models by the names that clients call them; the server closes them
     * @param more adds routes after the server's own
     * @throws dev.pintle.base.PintleException if the address can't be bound, or is not this machine's own and no key is
     *     needed
     */
    public static PintleServer start(
            Library library, Map<String, LanguageModel> loaded, ServerSettings settings, Consumer<Routes> more) {
        if (!settings.address().getAddress().isLoopbackAddress()
                && !settings.keys().areNeeded()) {
            throw Problem.of("A server that other machines reach needs API keys.")
                    .fact("address", settings.address())
                    .fact("try", "--api-key-file FILE, or 127.0.0.1")
                    .toException();
        }
        Models models = new Models(library);
        loaded.forEach((name, model) -> models.add(ServedModel.start(name, model, library, settings.engine())));
        Jobs jobs = new Jobs();
        try {
            Requests requests = new Requests();
            Routes routes = routes(library, models, jobs, requests, settings);
            more.accept(routes);
            return new PintleServer(models, jobs, requests, Front.start(settings.front(), routes));
        } catch (RuntimeException e) {
            jobs.close();
            models.close();
            throw e;
        }
    }

    private static Routes routes(
            Library library, Models models, Jobs jobs, Requests requests, ServerSettings settings) {
        Metrics metrics = new Metrics(models::all);
        Routes routes = new Routes(metrics::refused, models::letGo);
        ModelList list = new ModelList(models);
        CaptureLinks links = CaptureLinks.usual(OWN + "/captures");
        Completing shared = new Completing(models, metrics, requests, links, settings.lenient());
        ChatCompletions chat = new ChatCompletions(shared);
        Completions text = new Completions(shared);
        routes.add("GET", "/v1/models", Scope.READ, "Models and presets", list::list)
                .add("GET", "/v1/models/{id...}", Scope.READ, "One model or preset", list::show)
                .add("POST", "/v1/chat/completions", Scope.GENERATE, "Answers a conversation", chat::handle)
                .add("POST", "/v1/completions", Scope.GENERATE, "Continues texts", text::handle);
        for (String other : new String[] {"embeddings", "responses", "messages", "audio", "images", "files"}) {
            routes.add("POST", "/v1/" + other, Scope.GENERATE, "Not implemented", call -> {
                throw notImplemented(other);
            });
        }
        new Vectors(library, models, jobs).addTo(routes, OWN);
        new VectorAlgebra(library, models).addTo(routes, OWN);
        new PresetsApi(library, models).addTo(routes, OWN);
        new Texts(models).addTo(routes, OWN);
        new Scores(models).addTo(routes, OWN);
        new Activations(models).addTo(routes, OWN);
        new CapturesApi(links).addTo(routes, OWN);
        new Saes(library, models).addTo(routes, OWN);
        new Latents(library, models).addTo(routes, OWN);
        new Decompositions(library, models).addTo(routes, OWN);
        new JobsApi(jobs).addTo(routes, OWN);
        new FitJobs(library, models, jobs).addTo(routes, OWN);
        new SweepJobs(library, models, jobs).addTo(routes, OWN);
        new StudyJobs(library, models, jobs, OWN).addTo(routes);
        new Runs(library).addTo(routes, OWN);
        new Loading(library, models, jobs, requests, settings.engine()).addTo(routes, OWN);
        new Operations(models, metrics, routes, settings.engine(), settings.keys()).addTo(routes, OWN);
        return routes;
    }

    private static HttpProblem notImplemented(String what) {
        if (what.equals("embeddings")) {
            return HttpProblem.of(
                    400,
                    "not_supported",
                    Problem.of("A decoder's residual stream is not an embedding.")
                            .fact("try", "POST " + OWN + "/activations"));
        }
        return HttpProblem.of(
                404,
                "not_implemented",
                Problem.of("This route is not implemented.")
                        .fact("but was", "/v1/" + what)
                        .fact("has", "/v1/models, /v1/chat/completions, /v1/completions and " + OWN));
    }

    /** The port it listens at. */
    public int port() {
        return front.port();
    }

    /** The models that are served. */
    public Models models() {
        return models;
    }

    /** Number of requests that are being answered. */
    public int running() {
        return front.running();
    }

    /**
     * Takes no further requests, waits for those that run, and releases the models.
     *
     * @param longest time to wait; what still runs then is cancelled, which its client is told
     */
    public void stop(Duration longest) {
        jobs.close();
        front.refuse();
        if (!front.awaitIdle(longest)) {
            requests.cancelAll();
            front.awaitIdle(LAST_WORDS);
        }
        front.close();
        models.close();
    }

    /** Stops at once; what runs is cancelled. */
    @Override
    public void close() {
        stop(Duration.ZERO);
    }
}
