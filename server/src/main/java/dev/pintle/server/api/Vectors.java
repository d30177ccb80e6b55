package dev.pintle.server.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.FieldException;
import dev.pintle.base.Json;
import dev.pintle.base.JsonRecords;
import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import dev.pintle.library.Library;
import dev.pintle.server.http.ApiKeys.Scope;
import dev.pintle.server.http.Call;
import dev.pintle.server.http.HttpProblem;
import dev.pintle.server.http.JsonNumbers;
import dev.pintle.server.http.Routes;
import dev.pintle.server.serving.Jobs;
import dev.pintle.server.serving.Models;
import dev.pintle.steering.Stability;
import dev.pintle.steering.SteeringVector;
import dev.pintle.steering.Strength;
import dev.pintle.steering.files.VectorFiles;
import dev.pintle.steering.files.VectorHints;
import dev.pintle.steering.files.VectorJson;
import dev.pintle.steering.files.VectorLibrary;
import dev.pintle.steering.files.VectorTarget;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Vectors by content, and the names that stand for them. Moving a name is how a vector is swapped under traffic. */
public final class Vectors {
    private static final Set<String> ENDINGS = Set.of("safetensors", "gguf", "npy", "npz", "pt");

    private final Library library;
    private final Models models;
    private final Jobs jobs;

    /**
     * @param models whose number of layers tells what the rows of a matrix are
     * @param jobs among which are sweeps that tried a vector
     */
    public Vectors(Library library, Models models, Jobs jobs) {
        this.library = library;
        this.models = models;
        this.jobs = jobs;
    }

    /** Adds its routes below a path. */
    public void addTo(Routes routes, String path) {
        String one = path + "/vectors/{hash}";
        routes.add("GET", path + "/vectors", Scope.READ, "Vectors and their names", this::list)
                .add(new Routes.Route(
                        "POST",
                        path + "/vectors",
                        Scope.MANAGE,
                        Routes.FILE_BODY,
                        "Keeps a file of vectors; ?format=safetensors|gguf|npy|npz|pt, ?model=, ?name=",
                        this::upload))
                .add("GET", one, Scope.READ, "One file of vectors", this::show)
                .add(
                        "GET",
                        one + "/file",
                        Scope.READ,
                        "The file; ?format=safetensors|gguf, or ?for= a tool",
                        this::download)
                .add("GET", one + "/export", Scope.READ, "How a tool loads the file; ?for=", this::export)
                .add("DELETE", one, Scope.MANAGE, "Deletes vectors that have no name", this::delete)
                .add("GET", path + "/names", Scope.READ, "Names and what they stand for", this::names)
                .add("PUT", path + "/names/{name}", Scope.MANAGE, "Gives or moves a name; If-Match: hash", this::assign)
                .add("DELETE", path + "/names/{name}", Scope.MANAGE, "Removes a name", this::remove);
    }

    private VectorLibrary vectors() {
        return library.vectors();
    }

    private void list(Call call) throws IOException {
        ObjectNode list = Json.object();
        ArrayNode data = list.putArray("vectors");
        for (String hash : vectors().hashes()) {
            data.add(json(hash));
        }
        call.reply(list);
    }

    private ObjectNode json(String hash) {
        ObjectNode json = Json.object().put("hash", hash);
        ArrayNode names = json.putArray("names");
        vectors().names().stream()
                .filter(name -> vectors().hashOf(name).equals(hash))
                .forEach(names::add);
        ArrayNode layers = json.putArray("layers");
        for (SteeringVector vector : VectorFiles.readAll(vectors().ofHash(hash), VectorHints.none())) {
            ObjectNode one = layers.addObject();
            one.put("at", vector.at().toString());
            one.put("sha256", vector.hash());
            one.put("width", vector.dModel());
            one.put("norm", vector.direction().norm());
            one.put("model", vector.origin().model().toString());
            one.put("method", vector.origin().method().name());
            one.put("positions", vector.origin().method().positions());
            one.put("pairs", vector.origin().data().pairs());
            if (Strength.knowsNorm(vector)) {
                one.put("mean_activation_norm", vector.origin().meanActivationNorm());
            }
            Stability halves = vector.origin().measures().stability();
            if (Double.isFinite(halves.splitHalfCosine())) {
                one.put("split_half_cosine", halves.splitHalfCosine());
            }
            if (Double.isFinite(halves.low())) {
                one.put("split_half_cosine_low", halves.low()).put("split_half_cosine_high", halves.high());
            }
        }
        return json;
    }

    private void show(Call call) throws IOException {
        String hash = hash(call.path("hash"));
        ObjectNode json = json(hash);
        ArrayNode records = json.putArray("records");
        VectorFiles.readAll(vectors().ofHash(hash), VectorHints.none())
                .forEach(vector -> records.add(JsonNumbers.tree(VectorJson.of(vector))));
        ObjectNode usedBy = json.putObject("used_by");
        ArrayNode presets = usedBy.putArray("presets");
        List<String> names = new ArrayList<>(List.of("sha256:" + hash));
        json.get("names").forEach(name -> names.add(name.textValue()));
        for (String preset : library.presets().names()) {
            if (names(library.presets().find(preset).steering(), names)) {
                presets.add(preset);
            }
        }
        ArrayNode sweeps = usedBy.putArray("sweeps");
        for (Jobs.Job job : jobs.all()) {
            ObjectNode told = job.json();
            if (tried(told, names)) {
                sweeps.add(told.retain("id", "kind", "state", "created"));
            }
        }
        call.reply(json);
    }

    /** Whether a job is a sweep of a vector of one of these names, or a tuning that proposed it. */
    private static boolean tried(JsonNode job, List<String> names) {
        if (!Set.of("sweep", "tune").contains(job.path("kind").asText())) {
            return false;
        }
        for (JsonNode one : job.at("/asked/body/vectors")) {
            if (names.contains(one.asText())) {
                return true;
            }
        }
        return names.contains(job.at("/result/vector").asText());
    }

    /** Whether a vector of one of these names stands anywhere in a steering. */
    private static boolean names(JsonNode steering, List<String> names) {
        for (JsonNode one : steering.findValues("vector")) {
            if (one.isTextual() && names.contains(one.textValue())) {
                return true;
            }
        }
        return false;
    }

    /** @throws HttpProblem 404 unless vectors of that hash are kept */
    private String hash(String given) {
        String hash = given.replace("sha256:", "");
        try {
            vectors().ofHash(hash);
            return hash;
        } catch (PintleException e) {
            throw HttpProblem.of(404, "vector_not_found", e.problem());
        }
    }

    private void upload(Call call) throws IOException {
        String type = call.header("Content-Type");
        if (type == null || !type.equalsIgnoreCase("application/octet-stream")) {
            throw HttpProblem.of(
                    415,
                    "file_required",
                    Problem.of("The upload has the wrong content type.")
                            .fact("expected", "Content-Type: application/octet-stream")
                            .fact("but was", type == null ? "none" : type));
        }
        String format = call.query("format").orElse("safetensors");
        if (!ENDINGS.contains(format)) {
            throw new FieldException(
                    "format",
                    Problem.of("There is no such format of vector files.")
                            .fact(
                                    "choose",
                                    String.join(", ", ENDINGS.stream().sorted().toList()))
                            .fact("but was", format));
        }
        Optional<String> name = call.query("name");
        name.ifPresent(chosen -> vectors().requireName(chosen, true));
        VectorHints hints = VectorHints.none();
        Optional<String> model = call.query("model");
        if (model.isPresent()) {
            hints = hints.blocks(
                    models.find(model.get()).model().model().config().nLayers());
        }
        Path file = Files.createTempFile("pintle-upload", "." + format);
        try {
            Files.write(file, call.body());
            String hash = vectors().keep(VectorFiles.readAll(file, hints));
            name.ifPresent(chosen -> vectors().assign(chosen, hash));
            call.reply(201, json(hash));
        } catch (PintleException e) {
            throw HttpProblem.of(400, "vector_unusable", withoutPath(e.problem()));
        } finally {
            Files.deleteIfExists(file);
        }
    }

    /** A problem without the name of the file on this machine. */
    static Problem withoutPath(Problem problem) {
        Problem fresh = Problem.of(problem.sentence());
        for (var fact : problem.facts().entrySet()) {
            if (!fact.getKey().equals("file")) {
                for (String value : fact.getValue()) {
                    fresh = fresh.fact(fact.getKey(), value);
                }
            }
        }
        return fresh;
    }

    private void download(Call call) throws IOException {
        String hash = hash(call.path("hash"));
        Optional<String> tool = call.query("for");
        if (tool.isPresent()) {
            VectorTarget target = Input.at("for", () -> VectorTarget.parse(tool.get()));
            call.header("Content-Disposition", "attachment; filename=\"" + fileName(hash, target) + "\"");
            written(
                    hash,
                    target,
                    (file, written) -> call.reply(200, "application/octet-stream", Files.readAllBytes(file)));
            return;
        }
        String format = call.query("format").orElse("safetensors");
        if (format.equals("safetensors")) {
            call.reply(
                    200,
                    "application/octet-stream",
                    Files.readAllBytes(vectors().ofHash(hash)));
            return;
        }
        if (!format.equals("gguf")) {
            throw new FieldException(
                    "format",
                    Problem.of("Vectors cannot be downloaded in this format.")
                            .fact("choose", "safetensors, gguf")
                            .fact("but was", format));
        }
        written(
                hash,
                VectorTarget.LLAMA_CPP,
                (file, written) -> call.reply(200, "application/octet-stream", Files.readAllBytes(file)));
    }

    /** Does something with a file for a tool. */
    @FunctionalInterface
    private interface WithFile {
        void accept(Path file, VectorFiles.Written written) throws IOException;
    }

    private void written(String hash, VectorTarget target, WithFile then) throws IOException {
        Path file = Files.createTempFile("pintle-download", "." + target.ending());
        try {
            VectorFiles.Written written;
            try {
                written = VectorFiles.write(
                        VectorFiles.readAll(vectors().ofHash(hash), VectorHints.none()), file, target);
            } catch (PintleException e) {
                throw HttpProblem.field("for", "vector_unusable", withoutPath(e.problem()));
            }
            then.accept(file, written);
        } finally {
            Files.deleteIfExists(file);
        }
    }

    /** A name for the file: the vector's, or the beginning of its hash. */
    private String fileName(String hash, VectorTarget target) {
        return vectors().names().stream()
                        .filter(name -> vectors().hashOf(name).equals(hash))
                        .findFirst()
                        .orElse(hash.substring(0, 12))
                + "." + target.ending();
    }

    private void export(Call call) throws IOException {
        String hash = hash(call.path("hash"));
        VectorTarget target =
                Input.at("for", () -> VectorTarget.parse(call.query("for").orElse("")));
        String name = fileName(hash, target);
        written(hash, target, (file, written) -> {
            List<SteeringVector> kept = written.vectors();
            ObjectNode json =
                    Json.object().put("for", target.label()).put("file", name).put("bytes", Files.size(file));
            json.put(
                    "loads",
                    target.loading(
                            name,
                            kept.get(0).at().layer(),
                            kept.get(kept.size() - 1).at().layer()));
            written.leftOut().forEach(json.putArray("left_out")::add);
            call.reply(json);
        });
    }

    private void delete(Call call) throws IOException {
        String hash = hash(call.path("hash"));
        try {
            vectors().delete(hash);
        } catch (PintleException e) {
            throw HttpProblem.of(412, "vector_in_use", e.problem());
        }
        call.replyEmpty(204);
    }

    private String hashOf(String name) {
        try {
            return vectors().hashOf(name);
        } catch (PintleException e) {
            throw HttpProblem.of(404, "vector_not_found", e.problem());
        }
    }

    private void names(Call call) throws IOException {
        ObjectNode json = Json.object();
        vectors().names().forEach(name -> json.put(name, vectors().hashOf(name)));
        call.reply(json);
    }

    /** What {@code PUT /names/{name}} takes. */
    record Named(@Nullable String vector) {}

    private synchronized void assign(Call call) throws IOException {
        Named asked = JsonRecords.read(call.json(), Named.class, "");
        if (asked.vector() == null) {
            throw new FieldException("vector", Problem.of("vector is missing."));
        }
        String name = call.path("name");
        String hash = hash(asked.vector());
        requireMatch(call, name);
        vectors().assign(name, hash);
        call.reply(Json.object().put("name", name).put("vector", hash));
    }

    private synchronized void remove(Call call) throws IOException {
        String name = call.path("name");
        hashOf(name);
        requireMatch(call, name);
        vectors().remove(name);
        call.replyEmpty(204);
    }

    /** With {@code If-Match}, a name is only changed if it stands for what the caller believes. */
    private void requireMatch(Call call, String name) {
        String expected = call.header("If-Match");
        if (expected == null) {
            return;
        }
        String wanted = expected.replace("\"", "").replace("sha256:", "");
        String found = vectors().names().contains(name) ? vectors().hashOf(name) : "nothing";
        if (!wanted.equals(found)) {
            throw HttpProblem.of(
                    412,
                    "version_mismatch",
                    Problem.of("The name refers to a different vector now.")
                            .fact("name", name)
                            .fact("expected", wanted)
                            .fact("but was", found));
        }
    }
}
