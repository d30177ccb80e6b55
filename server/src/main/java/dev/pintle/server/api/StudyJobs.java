package dev.pintle.server.api;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.FieldException;
import dev.pintle.base.Json;
import dev.pintle.base.JsonRecords;
import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import dev.pintle.evaluation.StyleMarker;
import dev.pintle.hub.ModelFolders;
import dev.pintle.library.Labels;
import dev.pintle.library.Library;
import dev.pintle.sae.SaeCheck;
import dev.pintle.sae.SparseAutoencoder;
import dev.pintle.sae.corpus.Texts;
import dev.pintle.sae.profile.LatentProfile;
import dev.pintle.sae.profile.ProfileSettings;
import dev.pintle.sae.profile.Profiler;
import dev.pintle.server.http.ApiKeys.Scope;
import dev.pintle.server.http.Call;
import dev.pintle.server.http.HttpProblem;
import dev.pintle.server.http.JsonNumbers;
import dev.pintle.server.http.Routes;
import dev.pintle.server.serving.Jobs;
import dev.pintle.server.serving.Models;
import dev.pintle.server.serving.ServedModel;
import dev.pintle.studies.Studies;
import dev.pintle.study.RecordedRun;
import dev.pintle.study.Study;
import dev.pintle.study.StudyJson;
import dev.pintle.study.StudyPresets;
import dev.pintle.study.StudySettings;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** Studies on a model and an autoencoder, and profiles of an autoencoder's latents, as jobs. */
public final class StudyJobs {
    private static final String EMBEDDED = "parley-7m-sae-l3";

    private static final int USUAL_CHECK = 2000; // as on the command line

    private final Library library;
    private final Models models;
    private final Jobs jobs;
    private final String path;

    /**
     * @param jobs runs them
     * @param path below which routes lie
     */
    public StudyJobs(Library library, Models models, Jobs jobs, String path) {
        this.library = library;
        this.models = models;
        this.jobs = jobs;
        this.path = path;
    }

    /** Adds its routes. */
    public void addTo(Routes routes) {
        routes.add(
                        "GET",
                        path + "/studies",
                        Scope.READ,
                        "Studies, what they ask, and with ?model= their settings",
                        this::list)
                .add("POST", path + "/studies/run", Scope.MANAGE, "Runs studies, as a job", this::study)
                .add(
                        "POST",
                        path + "/saes/{id}/profile",
                        Scope.MANAGE,
                        "Profiles an autoencoder's latents over texts, as a job",
                        this::profile)
                .add(
                        "POST",
                        path + "/saes/{id}/check",
                        Scope.MANAGE,
                        "Whether an autoencoder matches the model, as a job",
                        this::check);
    }

    private void list(Call call) throws IOException {
        ObjectNode list = Json.object();
        for (Study<?> study : Studies.all()) {
            list.withArray("studies")
                    .addObject()
                    .put("name", study.name())
                    .put("title", study.title())
                    .put("asks", study.asks())
                    .put("replicates", study.replicates());
        }
        ArrayNode styles = list.putArray("styles");
        ModelFolders.embeddedFile("styles.json")
                .ifPresent(file -> StyleMarker.read(file)
                        .forEach((name, style) ->
                                styles.addObject().put("name", name).put("ask", style.ask())));
        Optional<String> model = call.query("model");
        if (model.isPresent()) {
            ServedModel served = models.find(model.get()).model();
            Asked usual = new Asked(null, null, null, call.query("style").orElse(null), null, null);
            list.set("settings", StudyJson.tree(settings(usual, served)));
        }
        call.reply(list);
    }

    // ---------------------------------------------------------------- studies

    /**
     * What studies take.
     *
     * @param study a name, or {@code all}
     * @param sae the autoencoder; the embedded model's where absent
     * @param style of the embedded model
     * @param settings over the model's preset, with keys as {@code pintle study --json} prints them
     * @param asPublished only what the notebooks computed
     */
    record Asked(
            @Nullable String model,
            @Nullable String study,
            @Nullable String sae,
            @Nullable String style,
            @Nullable ObjectNode settings,
            @JsonProperty("as_published") @Nullable Boolean asPublished) {}

    private void study(Call call) throws IOException {
        JsonNode body = call.json();
        Asked asked = JsonRecords.read(body, Asked.class, "");
        ServedModel served = models.find(asked.model()).model();
        String name = asked.study() == null ? "all" : asked.study();
        boolean asPublished = Boolean.TRUE.equals(asked.asPublished());
        List<Study<?>> studies = Input.at("study", () -> Studies.named(name)).stream()
                .filter(study -> !asPublished || study.replicates())
                .toList();
        if (studies.isEmpty()) {
            throw new FieldException("as_published", Problem.of("The study is not from the notebooks."));
        }
        SparseAutoencoder sae = autoencoder(served, asked.sae() == null ? EMBEDDED : asked.sae());
        StudySettings settings = settings(asked, served);
        for (String other : settings.otherSaes()) { // by name alone: no path can be named in a request
            autoencoder(served, other);
        }
        Optional<Labels> labels = library.labelsBeside(sae.origin().path());
        Jobs.Job job = jobs.start("study", served, progress -> {
            RecordedRun run = RecordedRun.of(
                    library.runs(),
                    "study " + name + (asPublished ? " --as-published" : ""),
                    new RecordedRun.On(
                            served.model(),
                            sae,
                            latents -> labels.map(known -> known.lookup(latents).labels())
                                    .orElse(Map.of())),
                    settings,
                    studies,
                    resumed -> {},
                    progress);
            ObjectNode json = Json.object().put("run", run.id());
            json.put("results", path + "/runs/" + run.id()).put("page", path + "/runs/" + run.id() + "/report.html");
            run.page().page().findings().forEach(json.putArray("findings")::add);
            return json;
        });
        call.reply(202, job.asked("/studies/run", body).json());
    }

    private static SparseAutoencoder autoencoder(ServedModel served, String name) {
        try {
            return served.sources().autoencoder(name);
        } catch (PintleException e) {
            throw HttpProblem.of(404, "sae_not_found", e.problem());
        }
    }

    private StudySettings settings(Asked asked, ServedModel served) {
        String style = asked.style() == null ? "" : asked.style();
        List<ObjectNode> layers = new ArrayList<>(Input.at(
                style.isEmpty() ? "model" : "style",
                () -> StudyPresets.of(served.name(), library.modelFolder(served.name()), style)));
        if (asked.settings() != null) {
            layers.add(asked.settings());
        }
        return Input.at("settings", () -> StudyPresets.settings(layers.toArray(ObjectNode[]::new)));
    }

    // ---------------------------------------------------------------- profiles

    /**
     * What a profile takes.
     *
     * @param name of the profile; the autoencoder's where absent
     * @param maxTokens stop after about as many; a later job goes on
     * @param window tokens of a text that are read at once, at most
     * @param specialTokens whether special tokens count
     * @param roles whose tokens count
     * @param fresh whether to start over
     */
    record Profiled(
            @Nullable String model,
            @Nullable String name,
            @JsonProperty("max_tokens") @Nullable Long maxTokens,
            @Nullable Integer window,
            @JsonProperty("special_tokens") @Nullable Boolean specialTokens,
            @Nullable List<String> roles,
            @Nullable Boolean fresh) {}

    private void profile(Call call) throws IOException {
        JsonNode body = call.json();
        Profiled asked = JsonRecords.read(body, Profiled.class, "");
        ServedModel served = models.find(asked.model()).model();
        SparseAutoencoder sae = autoencoder(served, call.path("id"));
        String name = asked.name() == null ? Library.profileName(sae.origin().path()) : asked.name();
        Path file = Input.at("name", () -> library.profileFile(name));
        Texts texts = texts();
        ProfileSettings usual = ProfileSettings.usual();
        ProfileSettings settings = usual.withWindow(window(asked.window(), usual.window()))
                .withSpecialTokens(Boolean.TRUE.equals(asked.specialTokens()))
                .withRoles(Input.at(
                        "roles", () -> ProfileSettings.roles(asked.roles() == null ? List.of() : asked.roles())))
                .upTo(asked.maxTokens() == null ? 0 : asked.maxTokens());
        Profiler profiler = new Profiler(served.model(), sae, sae.place(), file, settings);
        Jobs.Job job = jobs.start("profile", served, progress -> {
            if (Boolean.TRUE.equals(asked.fresh())) {
                Profiler.setAside(file);
            }
            AtomicReference<@Nullable RuntimeException> stopped = new AtomicReference<>();
            profiler.run(texts, (stage, done, total) -> {
                try {
                    progress.at(stage, done, total);
                    return true;
                } catch (RuntimeException e) {
                    stopped.set(e);
                    return false; // which keeps what has been counted
                }
            });
            RuntimeException why = stopped.get();
            if (why != null) {
                throw why;
            }
            try (LatentProfile profile = LatentProfile.open(file)) {
                ObjectNode json = Json.object().put("profile", name);
                json.put(
                        "latents",
                        path + "/saes/" + call.path("id").replace("/", "%2F") + "/latents/{n}?profile=" + name);
                json.set("summary", JsonNumbers.tree(profile.summary()));
                return json;
            }
        });
        call.reply(
                202,
                job.asked("/saes/" + call.path("id").replace("/", "%2F") + "/profile", body)
                        .json());
    }

    private static int window(@Nullable Integer asked, int usual) {
        if (asked != null && asked < 1) {
            throw new FieldException(
                    "window", Problem.of("A window needs at least one token.").fact("but was", asked));
        }
        return asked == null ? usual : asked;
    }

    // ---------------------------------------------------------------- checks

    /**
     * What a check takes.
     *
     * @param maxTokens of the bundled conversations to read, about
     */
    record Checked(
            @Nullable String model,
            @JsonProperty("max_tokens") @Nullable Integer maxTokens) {}

    private void check(Call call) throws IOException {
        JsonNode body = call.json();
        Checked asked = JsonRecords.read(body, Checked.class, "");
        ServedModel served = models.find(asked.model()).model();
        SparseAutoencoder sae = autoencoder(served, call.path("id"));
        Input.at("sae", () -> sae.requireFits(served.model(), false));
        int most = asked.maxTokens() == null ? USUAL_CHECK : asked.maxTokens();
        if (most < 1) {
            throw new FieldException(
                    "max_tokens",
                    Problem.of("A check needs at least one token.").fact("but was", most));
        }
        Texts texts = texts();
        Jobs.Job job = jobs.start("check", served, progress -> {
            progress.at("checking", 0, 1);
            SaeCheck.Report report = new SaeCheck(served.model(), sae, sae.place()).run(texts, most);
            ObjectNode json = Json.object()
                    .put("sae", call.path("id"))
                    .put("at", sae.place().toString())
                    .put("texts", texts.name());
            json.setAll((ObjectNode) JsonNumbers.tree(report.fields()));
            return json;
        });
        call.reply(
                202,
                job.asked("/saes/" + call.path("id").replace("/", "%2F") + "/check", body)
                        .json());
    }

    private static Texts texts() {
        return Texts.embedded()
                .orElseThrow(() ->
                        Problem.of("The texts bundled with Pintle are missing.").toException());
    }
}
