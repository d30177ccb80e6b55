package dev.pintle.studio;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.pintle.base.Json;
import dev.pintle.hub.HubSettings;
import dev.pintle.library.Library;
import dev.pintle.model.LanguageModel;
import dev.pintle.sae.labels.LabelSettings;
import dev.pintle.server.PintleServer;
import dev.pintle.server.ServerSettings;
import dev.pintle.tensor.DType;
import dev.pintle.testkit.TestDevice;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A server of parley-7m with the studio's pages, and a client of its routes. */
final class StudioServer implements AutoCloseable {
    static final String MODEL = "parley-7m";

    private final HttpClient client = HttpClient.newHttpClient();
    private final Library library;
    private final PintleServer server;

    private StudioServer(Library library, PintleServer server) {
        this.library = library;
        this.server = server;
    }

    static StudioServer start(Path folder) {
        return start(folder, ServerSettings.local(0));
    }

    static StudioServer start(Path folder, ServerSettings settings) {
        HubSettings hub = HubSettings.read(Map.of("HF_HUB_OFFLINE", "1"), folder, folder);
        Library library = Library.open(folder.resolve("data"), hub, LabelSettings.of(Map.of(), hub));
        LanguageModel model = LanguageModel.load(MODEL, TestDevice.current(), DType.FP32);
        return new StudioServer(library, PintleServer.start(library, Map.of(MODEL, model), settings, Studio::addTo));
    }

    /** The address, without a path. */
    String url() {
        return "http://127.0.0.1:" + server.port();
    }

    HttpResponse<String> send(String method, String path, @Nullable String body, String... headers) {
        HttpRequest.BodyPublisher published =
                body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body);
        HttpRequest.Builder request =
                HttpRequest.newBuilder(URI.create(url() + path)).method(method, published);
        if (body != null) {
            request.header("Content-Type", "application/json");
        }
        if (headers.length > 0) {
            request.headers(headers);
        }
        try {
            return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
        } catch (IOException e) {
            throw new AssertionError(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    HttpResponse<String> get(String path, String... headers) {
        return send("GET", path, null, headers);
    }

    /** The JSON of a reply that must be a success. */
    JsonNode json(String method, String path, @Nullable String body) {
        HttpResponse<String> reply = send(method, path, body);
        if (reply.statusCode() / 100 != 2) {
            throw new AssertionError(method + " " + path + ": " + reply.body());
        }
        try {
            return Json.parse(reply.body());
        } catch (JsonProcessingException e) {
            throw new AssertionError(reply.body(), e);
        }
    }

    /** Waits until a job has ended well. Returns its result. */
    JsonNode await(JsonNode job) throws InterruptedException {
        String path = "/pintle/v1/jobs/" + job.get("id").asText();
        String events = get(path + "/events").body(); // until it has ended
        JsonNode ended = json("GET", path, null);
        if (!ended.get("state").asText().equals("finished")) {
            throw new AssertionError(events);
        }
        return ended.get("result");
    }

    /** Fits the vector pirate at layer 3 from two system prompts, unless it is there. */
    void fitPirate() throws InterruptedException {
        if (!json("GET", "/pintle/v1/names", null).has("pirate")) {
            await(json("POST", "/pintle/v1/vectors/fit", """
                    {"model": "parley-7m", "positive": "The assistant should talk like a pirate.",
                     "negative": "The assistant should act normally.", "layers": [3], "name": "pirate"}"""));
        }
    }

    @Override
    public void close() {
        server.close();
        library.close();
    }
}
