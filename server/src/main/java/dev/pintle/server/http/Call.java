package dev.pintle.server.http;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpExchange;
import dev.pintle.base.ForeignJson;
import dev.pintle.base.Json;
import dev.pintle.base.Problem;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A request and the reply to it. */
public final class Call {
    private static final int DEPTH = 32;
    private static final long VALUES = 2_000_000;

    private final HttpExchange exchange;
    private final String id;
    private final Map<String, String> path;
    private final int longestBody;
    private final Writes writes;
    private boolean begun;

    Call(HttpExchange exchange, String id, Map<String, String> path, int longestBody, Writes writes) {
        this.exchange = exchange;
        this.id = id;
        this.path = path;
        this.longestBody = longestBody;
        this.writes = writes;
    }

    /** The id of the request, which the reply carries. */
    public String id() {
        return id;
    }

    /** A value from the path. */
    public String path(String name) {
        String value = path.get(name);
        if (value == null) {
            throw new IllegalArgumentException("The route has no " + name + ".");
        }
        return value;
    }

    /** A value of the query, decoded. */
    public Optional<String> query(String name) {
        return Optional.ofNullable(query().get(name));
    }

    private Map<String, String> query() {
        Map<String, String> values = new LinkedHashMap<>();
        String raw = exchange.getRequestURI().getRawQuery();
        if (raw != null) {
            for (String pair : raw.split("&", -1)) {
                String[] sides = pair.split("=", 2);
                values.put(Front.decoded(sides[0]), sides.length == 1 ? "" : Front.decoded(sides[1]));
            }
        }
        return values;
    }

    /** A header of the request. */
    public @Nullable String header(String name) {
        return exchange.getRequestHeaders().getFirst(name);
    }

    /** @throws HttpProblem 413 if it is too long */
    public byte[] body() throws IOException {
        byte[] body;
        try (InputStream in = exchange.getRequestBody()) {
            body = in.readNBytes(longestBody + 1);
        }
        if (body.length > longestBody) {
            exchange.getResponseHeaders().set("Connection", "close");
            throw HttpProblem.of(
                    413,
                    "request_too_large",
                    Problem.of("The request is too large.").fact("expected", "at most " + longestBody + " bytes"));
        }
        return body;
    }

    /**
     * The JSON of the request.
     *
     * @throws HttpProblem unless it is JSON of bounded size and depth, in which no key stands twice
     */
    public JsonNode json() throws IOException {
        String type = header("Content-Type");
        if (type == null || !type.split(";", 2)[0].strip().equalsIgnoreCase("application/json")) {
            throw HttpProblem.of(
                    415,
                    "json_required",
                    Problem.of("The request has the wrong content type.")
                            .fact("expected", "Content-Type: application/json")
                            .fact("but was", type == null ? "none" : type));
        }
        byte[] body = body();
        try {
            return ForeignJson.request(body, new ForeignJson.Limits(VALUES, DEPTH, longestBody));
        } catch (JsonProcessingException e) {
            throw HttpProblem.of(
                    400,
                    "invalid_json",
                    Problem.of("The request body is not valid JSON.")
                            .fact("where", ForeignJson.place(e))
                            .fact("cause", ForeignJson.why(e)));
        }
    }

    /** Whether a reply has begun, so that its status can't be changed. */
    boolean hasBegun() {
        return begun;
    }

    /** Replies with JSON: a tree, a map, a list or a record. */
    public void reply(Object json) throws IOException {
        reply(200, json);
    }

    /** Replies with JSON and a status. */
    public void reply(int status, Object json) throws IOException {
        reply(status, "application/json", Json.line(json).getBytes(StandardCharsets.UTF_8));
    }

    /** Replies with bytes. */
    public void reply(int status, String type, byte[] body) throws IOException {
        header("Content-Type", type);
        begin(status, body.length == 0 ? -1 : body.length);
        if (body.length > 0) {
            try (Writes.Guard guard = writes.begin();
                    OutputStream out = exchange.getResponseBody()) {
                out.write(body);
            }
        }
    }

    /** Replies with nothing but a status. */
    public void replyEmpty(int status) throws IOException {
        begin(status, -1);
    }

    /** Sets a header of the reply. */
    public void header(String name, String value) {
        exchange.getResponseHeaders().set(name, value);
    }

    /**
     * Begins a reply of unknown length.
     *
     * @param type its media type
     */
    public OpenReply open(String type) throws IOException {
        header("Content-Type", type);
        header("Cache-Control", "no-store");
        header("X-Accel-Buffering", "no");
        begin(200, 0);
        return new OpenReply(exchange.getResponseBody(), writes);
    }

    private void begin(int status, long length) throws IOException {
        begun = true;
        header("x-request-id", id);
        header("X-Content-Type-Options", "nosniff"); // what others uploaded is never run as a page
        exchange.sendResponseHeaders(status, length);
    }
}
