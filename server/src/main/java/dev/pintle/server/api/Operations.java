package dev.pintle.server.api;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.Json;
import dev.pintle.model.EngineOptions;
import dev.pintle.server.http.ApiKeys;
import dev.pintle.server.http.ApiKeys.Scope;
import dev.pintle.server.http.Call;
import dev.pintle.server.http.JsonNumbers;
import dev.pintle.server.http.Routes;
import dev.pintle.server.serving.Metrics;
import dev.pintle.server.serving.Models;
import dev.pintle.server.serving.ServedModel;
import dev.pintle.study.RunManifest;
import dev.pintle.transformer.ModelConfig;
import java.io.IOException;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Health, what the server is doing, and a description of its routes. */
public final class Operations {
    private static final Pattern NAME = Pattern.compile("\\{(\\w+)(?:\\.\\.\\.)?}");

    private final Models models;
    private final Metrics metrics;
    private final Routes routes;
    private final EngineOptions engine;
    private final ApiKeys keys;

    /**
     * @param routes all routes, once they are added
     * @param engine how requests are generated
     * @param keys that callers must present
     */
    public Operations(Models models, Metrics metrics, Routes routes, EngineOptions engine, ApiKeys keys) {
        this.models = models;
        this.metrics = metrics;
        this.routes = routes;
        this.engine = engine;
        this.keys = keys;
    }

    /** Adds its routes. */
    public void addTo(Routes all, String path) {
        all.add("GET", "/health", null, "Whether the process answers", this::health)
                .add("GET", "/ready", Scope.READ, "Whether models are served", this::ready)
                .add("GET", "/metrics", Scope.READ, "Metrics in Prometheus's text format", this::metrics)
                .add("GET", path + "/server", Scope.READ, "Models, queues, limits, exactness", this::server)
                .add("GET", path + "/metrics", Scope.READ, "The metrics as JSON", call -> call.reply(metrics.fields()))
                .add("GET", "/openapi.json", Scope.READ, "This description", this::openApi);
    }

    private void health(Call call) throws IOException {
        call.reply(Json.object().put("status", "ok"));
    }

    private void ready(Call call) throws IOException {
        boolean ready = !models.all().isEmpty();
        call.reply(ready ? 200 : 503, Json.object().put("ready", ready));
    }

    private void metrics(Call call) throws IOException {
        call.reply(200, "text/plain; version=0.0.4; charset=utf-8", metrics.text());
    }

    private void server(Call call) throws IOException {
        ObjectNode json = Json.object().put("pintle", RunManifest.version());
        ArrayNode all = json.putArray("models");
        for (ServedModel served : models.all()) {
            ObjectNode one = all.addObject()
                    .put("name", served.name())
                    .put("revision", served.model().id().revision())
                    .put("dtype", served.model().dtype().toString())
                    .put("device", served.model().device().toString())
                    .put("exact", served.isExact())
                    .put("route", served.model().route().toString());
            ModelConfig config = served.model().config();
            one.putObject("config")
                    .put("family", config.family())
                    .put("layers", config.nLayers())
                    .put("d_model", config.dModel())
                    .put("vocabulary", config.dVocab())
                    .put("context", config.maxPositions());
            one.put("fingerprint", served.fingerprint())
                    .put("since", served.since().toString());
            one.set("rows_checked", JsonNumbers.tree(served.check()));
            one.set("load", JsonNumbers.tree(served.engine().load()));
        }
        ObjectNode limits = json.putObject("limits");
        limits.put("waiting", engine.mostWaiting());
        if (engine.mostRows() < Integer.MAX_VALUE) {
            limits.put("rows", engine.mostRows());
        }
        limits.put("cache_bytes", engine.cacheBytes()).put("fast", engine.fast());
        limits.put("keys_needed", keys.areNeeded());
        ArrayNode named = limits.putArray("keys");
        for (ApiKeys.About key : keys.about()) {
            ArrayNode scopes = named.addObject().put("name", key.name()).putArray("scopes");
            key.scopes().stream()
                    .sorted()
                    .forEach(scope -> scopes.add(scope.name().toLowerCase(Locale.ROOT)));
        }
        limits.put("json_bytes", Routes.JSON_BODY).put("file_bytes", Routes.FILE_BODY);
        call.reply(json);
    }

    private void openApi(Call call) throws IOException {
        ObjectNode json = Json.object().put("openapi", "3.1.0");
        json.putObject("info").put("title", "Pintle").put("version", RunManifest.version());
        Map<String, ObjectNode> paths = new TreeMap<>();
        for (Routes.Route route : routes.all()) {
            ObjectNode operation = paths.computeIfAbsent(route.path().replace("...}", "}"), path -> Json.object())
                    .putObject(route.method().toLowerCase(Locale.ROOT));
            operation.put("summary", route.summary());
            ArrayNode parameters = operation.putArray("parameters");
            Matcher names = NAME.matcher(route.path());
            while (names.find()) {
                parameters
                        .addObject()
                        .put("name", names.group(1))
                        .put("in", "path")
                        .put("required", true)
                        .putObject("schema")
                        .put("type", "string");
            }
            operation.putObject("responses").putObject("200").put("description", "as docs/server.md says");
        }
        ObjectNode all = json.putObject("paths");
        paths.forEach(all::set);
        call.reply(json);
    }
}
