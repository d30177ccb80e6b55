package dev.pintle.server.openai;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.Json;
import dev.pintle.server.http.Call;
import dev.pintle.server.serving.Models;
import dev.pintle.server.serving.ServedModel;
import java.io.IOException;

/** {@code GET /v1/models} and {@code GET /v1/models/{id}}. */
public final class ModelList {
    private final Models models;

    /** @param models what is served */
    public ModelList(Models models) {
        this.models = models;
    }

    /** Lists models and presets. */
    public void list(Call call) throws IOException {
        ObjectNode list = Json.object().put("object", "list");
        ArrayNode data = list.putArray("data");
        for (ServedModel served : models.all()) {
            data.add(json(served.name(), served, "model"));
            models.presetsOf(served).forEach(preset -> data.add(json(preset, served, "preset")));
        }
        call.reply(list);
    }

    /** Shows one. */
    public void show(Call call) throws IOException {
        String name = call.path("id");
        Models.Chosen chosen = models.find(name);
        call.reply(json(name, chosen.model(), chosen.preset() == null ? "model" : "preset"));
    }

    private static ObjectNode json(String name, ServedModel served, String kind) {
        ObjectNode json = Json.object()
                .put("id", name)
                .put("object", "model")
                .put("created", served.since().getEpochSecond())
                .put("owned_by", "pintle");
        json.putObject("pintle")
                .put("kind", kind)
                .put("revision", served.model().id().revision())
                .put("dtype", served.model().dtype().toString())
                .put("device", served.model().device().toString())
                .put("layers", served.model().config().nLayers())
                .put("width", served.model().config().dModel())
                .put("context", served.model().config().maxPositions());
        return json;
    }
}
