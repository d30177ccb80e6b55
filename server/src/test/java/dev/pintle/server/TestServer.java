package dev.pintle.server;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.pintle.base.Json;
import dev.pintle.hub.HubSettings;
import dev.pintle.library.Library;
import dev.pintle.model.LanguageModel;
import dev.pintle.sae.labels.LabelSettings;
import dev.pintle.steering.Origin;
import dev.pintle.steering.SteeringVector;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Vec;
import dev.pintle.testkit.TestDevice;
import dev.pintle.transformer.HookPoint;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** A server of parley-7m with a vector named pirate, and a client. */
final class TestServer implements AutoCloseable {
    static final String MODEL = "parley-7m";
    static final HookPoint AT = HookPoint.residPost(3);

    /** Fields of a request whose answer takes about ten seconds: so far off its path, the model never ends it. */
    static final String ENDLESS = "'model': 'parley-7m', 'temperature': 0, 'max_tokens': 3900, 'messages': [{'role':"
            + " 'user', 'content': 'Hello'}], 'steering': [{'vector': 'pirate', 'strength': 4}]";

    private final HttpClient client = HttpClient.newHttpClient();
    private final Library library;
    private final LanguageModel model;
    private final PintleServer server;

    private TestServer(Library library, LanguageModel model, ServerSettings settings) {
        this.library = library;
        this.model = model;
        library.keep("pirate", List.of(vector(model, 1)), true);
        library.keep("other", List.of(vector(model, 2)), true);
        this.server = PintleServer.start(library, Map.of(MODEL, model), settings);
    }

    static TestServer start(Path folder) {
        return start(folder, DType.FP32, ServerSettings.local(0));
    }

    static TestServer start(Path folder, DType dtype, ServerSettings settings) {
        HubSettings hub = HubSettings.read(Map.of("HF_HUB_OFFLINE", "1"), folder, folder);
        Library library = Library.open(folder.resolve("data"), hub, LabelSettings.of(Map.of(), hub));
        return new TestServer(library, LanguageModel.load(MODEL, TestDevice.current(), dtype), settings);
    }

    static SteeringVector vector(LanguageModel model, long seed) {
        float[] numbers = new float[model.config().dModel()];
        Random random = new Random(seed);
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = (float) random.nextGaussian();
        }
        return new SteeringVector(
                Vec.of(numbers).unit(),
                AT,
                Origin.unknown(model.id(), "made", "a test").withMeanActivationNorm(10));
    }

    LanguageModel model() {
        return model;
    }

    Library library() {
        return library;
    }

    PintleServer server() {
        return server;
    }

    String url() {
        return "http://127.0.0.1:" + server.port();
    }

    /** A reply. */
    record Reply(int status, String body, HttpResponse<?> response) {
        JsonNode json() {
            try {
                return Json.parse(body);
            } catch (JsonProcessingException e) {
                throw new AssertionError(body, e);
            }
        }

        /** The chunks of a stream; the last line must be [DONE]. */
        List<JsonNode> chunks() {
            List<JsonNode> chunks = new ArrayList<>();
            List<String> data = body.lines()
                    .filter(line -> line.startsWith("data: "))
                    .map(line -> line.substring("data: ".length()))
                    .toList();
            for (String one : data.subList(0, data.size() - 1)) {
                try {
                    chunks.add(Json.parse(one));
                } catch (JsonProcessingException e) {
                    throw new AssertionError(one, e);
                }
            }
            if (!data.get(data.size() - 1).equals("[DONE]")) {
                throw new AssertionError("The stream has no end: " + body);
            }
            return chunks;
        }
    }

    /** @param json with ' for " */
    Reply post(String path, String json) {
        return send("POST", path, json.replace('\'', '"'), Map.of());
    }

    Reply get(String path) {
        return send("GET", path, null, Map.of());
    }

    Reply send(String method, String path, @Nullable String body, Map<String, String> headers) {
        HttpRequest.BodyPublisher published =
                body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body);
        HttpRequest.Builder request =
                HttpRequest.newBuilder(URI.create(url() + path)).method(method, published);
        if (body != null && !headers.containsKey("Content-Type")) {
            request.header("Content-Type", "application/json");
        }
        headers.forEach(request::header);
        try {
            HttpResponse<String> response = client.send(request.build(), HttpResponse.BodyHandlers.ofString());
            return new Reply(response.statusCode(), response.body(), response);
        } catch (IOException e) {
            throw new AssertionError(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    /** Waits until no request runs. */
    void awaitFree() throws InterruptedException {
        for (int i = 0; i < 600; i++) {
            if (get("/pintle/v1/server").json().at("/models/0/load/unfinished").asInt() == 0) {
                return;
            }
            Thread.sleep(100);
        }
        throw new AssertionError(
                "A request goes on: " + get("/pintle/v1/server").body());
    }

    @Override
    public void close() {
        server.close();
        library.close();
    }
}
