package dev.pintle.server.api;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.FieldException;
import dev.pintle.base.Json;
import dev.pintle.base.JsonRecords;
import dev.pintle.base.Problem;
import dev.pintle.base.Progress;
import dev.pintle.hub.HubListener;
import dev.pintle.hub.HubModel;
import dev.pintle.hub.HubPlan;
import dev.pintle.hub.Selection;
import dev.pintle.library.KnownModel;
import dev.pintle.library.Library;
import dev.pintle.model.EngineOptions;
import dev.pintle.model.LoadOptions;
import dev.pintle.model.Quantisation;
import dev.pintle.server.http.ApiKeys.Scope;
import dev.pintle.server.http.Call;
import dev.pintle.server.http.HttpProblem;
import dev.pintle.server.http.JsonNumbers;
import dev.pintle.server.http.Routes;
import dev.pintle.server.serving.Jobs;
import dev.pintle.server.serving.Models;
import dev.pintle.server.serving.Requests;
import dev.pintle.server.serving.ServedModel;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Engine;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Models on this machine, loading and unloading them, and the requests that run. */
public final class Loading {
    private final Library library;
    private final Models models;
    private final Jobs jobs;
    private final Requests requests;
    private final EngineOptions engine;

    /** @param engine how requests of a model are generated */
    public Loading(Library library, Models models, Jobs jobs, Requests requests, EngineOptions engine) {
        this.library = library;
        this.models = models;
        this.jobs = jobs;
        this.requests = requests;
        this.engine = engine;
    }

    /** Adds its routes below a path. */
    public void addTo(Routes routes, String path) {
        routes.add("GET", path + "/models", Scope.READ, "Models on this machine, and which are served", this::list)
                .add("POST", path + "/models/load", Scope.MANAGE, "Loads a cached model, as a job", this::load)
                .add("POST", path + "/models/pull", Scope.MANAGE, "Downloads a model, as a job", this::pull)
                .add("POST", path + "/models/unload", Scope.MANAGE, "Serves a model no longer", this::unload)
                .add("GET", path + "/requests", Scope.READ, "Requests that run", this::running)
                .add("DELETE", path + "/requests/{id}", Scope.MANAGE, "Cancels a request", this::cancel);
    }

    private void list(Call call) throws IOException {
        ObjectNode list = Json.object();
        ArrayNode data = list.putArray("models");
        for (KnownModel known : library.models()) {
            Optional<ServedModel> served = models.all().stream()
                    .filter(one -> one.name().equals(known.name()))
                    .findFirst();
            ObjectNode one = data.addObject()
                    .put("name", known.name())
                    .put("keeper", known.keeper())
                    .put("revision", known.revision())
                    .put("family", known.family())
                    .put("format", known.format())
                    .put("bytes", known.bytes())
                    .put("complete", known.complete())
                    .put("supported", known.isSupported())
                    .put("served", served.isPresent());
            Problem obstacle = known.obstacle();
            if (obstacle != null) {
                one.put("why", obstacle.sentence());
            }
            known.weights().ifPresent(weights -> {
                one.put("weights", weights);
                ObjectNode needs = one.putObject("needs"); // as loading reckons
                DType.MODELS.forEach(dtype -> needs.put(
                        dtype.toString().toLowerCase(Locale.ROOT),
                        known.weightBytes(dtype).orElse(0)));
            });
            served.ifPresent(model -> one.putObject("loaded")
                    .put("dtype", model.model().dtype().toString())
                    .put("device", model.model().device().toString())
                    .put("since", model.since().toString()));
        }
        ObjectNode machine = list.putObject("machine");
        ArrayNode devices = machine.putArray("devices");
        Device best = Device.best();
        put(devices, Device.CPU);
        if (!best.equals(Device.CPU)) {
            put(devices, best);
        }
        machine.put("heap_bytes", Runtime.getRuntime().maxMemory());
        library.roomForModels().ifPresent(bytes -> machine.put("disk_bytes", bytes));
        call.reply(list);
    }

    private static void put(ArrayNode devices, Device device) {
        ObjectNode one = devices.addObject().put("device", device.toString());
        Engine.availableMemory(device).ifPresent(bytes -> one.put("available_bytes", bytes));
    }

    /**
     * What loading takes.
     *
     * @param device {@code best}, {@code cpu} or {@code cuda}
     * @param quantise {@code int8} or {@code int4}, how matrices are rounded, on a CPU; not at all where absent
     * @param chatTemplate a model of this machine whose chat template replaces the model's own
     */
    record Wanted(
            @Nullable String model,
            @Nullable String dtype,
            @Nullable String device,
            @Nullable String quantise,
            @JsonProperty("chat_template") @Nullable String chatTemplate) {}

    private void load(Call call) throws IOException {
        JsonNode body = call.json();
        Wanted asked = JsonRecords.read(body, Wanted.class, "");
        String name = asked.model();
        if (name == null || !library.hasModel(name)) { // a path is no name
            throw HttpProblem.of(
                    404,
                    "model_not_found",
                    Problem.of("There is no such model on this machine.")
                            .fact("but was", name)
                            .fact("models", String.join(", ", library.modelNames())));
        }
        if (models.all().stream().anyMatch(one -> one.name().equals(name))) {
            throw HttpProblem.of(
                    412,
                    "already_served",
                    Problem.of("The model is served already.").fact("model", name));
        }
        LoadOptions options = options(asked);
        Jobs.Job job = jobs.start("load", progress -> {
            progress.at("loading", 0, 1);
            models.add(ServedModel.start(name, library.model(name, options), library, engine));
            progress.at("loading", 1, 1);
            return Json.object().put("model", name);
        });
        call.reply(202, job.asked("/models/load", body).json());
    }

    private LoadOptions options(Wanted asked) {
        LoadOptions options = LoadOptions.of(
                Input.at("device", () -> Device.parse(asked.device() == null ? "best" : asked.device())),
                Input.at("dtype", () -> DType.parse(asked.dtype() == null ? "bf16" : asked.dtype(), DType.MODELS)));
        String rounding = asked.quantise();
        if (rounding != null) {
            LoadOptions plain = options;
            options = Input.at("quantise", () -> plain.quantising(Quantisation.parse(rounding)));
        }
        String other = asked.chatTemplate();
        if (other == null) {
            return options;
        }
        if (!library.hasModel(other)) { // a path is no name
            throw new FieldException(
                    "chat_template",
                    Problem.of("There is no such model on this machine.")
                            .fact("but was", other)
                            .fact("models", String.join(", ", library.modelNames())));
        }
        return options.withChatTemplate(Input.at("chat_template", () -> library.textFolder(other)));
    }

    /** What unloading takes. */
    record Named(@Nullable String model) {}

    /**
     * What a download takes.
     *
     * @param model {@code org/name[@revision]}, or one of its GGUF files, {@code org/name:Q4_K_M}
     * @param files names or patterns; what is needed to run a model where absent
     */
    record Pulled(@Nullable String model, @Nullable List<String> files) {}

    private void pull(Call call) throws IOException {
        JsonNode body = call.json();
        Pulled asked = JsonRecords.read(body, Pulled.class, "");
        HubModel repository = Input.at("model", () -> HubModel.parse(String.valueOf(asked.model())));
        List<String> files = asked.files() == null ? List.of() : asked.files();
        if (!files.isEmpty()) {
            Input.at("files", () -> Selection.matching(files));
        }
        Jobs.Job job = jobs.start("pull", progress -> {
            Arriving arriving = new Arriving(progress);
            library.pull(repository.toString(), files, arriving);
            return Json.object().put("model", repository.toString()).put("bytes", arriving.here());
        });
        call.reply(202, job.asked("/models/pull", body).json());
    }

    /** Tells how many bytes of a download are here. Two files arrive at a time. */
    private static final class Arriving implements HubListener {
        private final Progress progress;
        private final Map<String, Long> here = new HashMap<>(); // guarded by this
        private long all;

        Arriving(Progress progress) {
            this.progress = progress;
        }

        @Override
        public synchronized void planned(HubPlan plan) {
            all = plan.bytes();
            plan.files().forEach(file -> here.put(file.path(), file.bytes() - file.bytesMissing()));
            tell();
        }

        @Override
        public synchronized void progress(String file, long bytesDone, long bytesTotal) {
            here.put(file, bytesDone);
            tell();
        }

        private void tell() {
            progress.at("downloading", here(), all);
        }

        synchronized long here() {
            return here.values().stream().mapToLong(Long::longValue).sum();
        }
    }

    private void unload(Call call) throws IOException {
        Named asked = JsonRecords.read(call.json(), Named.class, "");
        models.remove(String.valueOf(asked.model()));
        call.replyEmpty(204);
    }

    private void running(Call call) throws IOException {
        ObjectNode json = Json.object();
        ArrayNode ids = json.putArray("requests");
        requests.ids().forEach(ids::add);
        json.set("running", JsonNumbers.tree(requests.running()));
        call.reply(json);
    }

    private void cancel(Call call) throws IOException {
        String id = call.path("id").toLowerCase(Locale.ROOT);
        if (!requests.cancel(id)) {
            throw HttpProblem.of(
                    404,
                    "request_not_found",
                    Problem.of("No such request runs.").fact("request", id));
        }
        call.replyEmpty(204);
    }
}
