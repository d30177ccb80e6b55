package dev.pintle.server.api;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.FieldException;
import dev.pintle.base.Json;
import dev.pintle.base.JsonRecords;
import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import dev.pintle.library.Library;
import dev.pintle.library.steer.Presets;
import dev.pintle.library.steer.Presets.Preset;
import dev.pintle.library.steer.SteeringSpec;
import dev.pintle.server.http.ApiKeys.Scope;
import dev.pintle.server.http.Call;
import dev.pintle.server.http.HttpProblem;
import dev.pintle.server.http.Routes;
import dev.pintle.server.serving.Models;
import dev.pintle.server.serving.ServedModel;
import java.io.IOException;

/** Presets: steering that clients choose as a model. */
public final class PresetsApi {
    private final Library library;
    private final Models models;

    /** @param models that presets can be for */
    public PresetsApi(Library library, Models models) {
        this.library = library;
        this.models = models;
    }

    /** Adds its routes below a path. */
    public void addTo(Routes routes, String path) {
        String one = path + "/presets/{name}";
        routes.add("GET", path + "/presets", Scope.READ, "Presets", this::list)
                .add("GET", one, Scope.READ, "One preset", this::show)
                .add("PUT", one, Scope.MANAGE, "Keeps a preset: model, steering, system, defaults", this::keep)
                .add("DELETE", one, Scope.MANAGE, "Removes a preset", this::remove);
    }

    private void list(Call call) throws IOException {
        ObjectNode list = Json.object();
        ArrayNode data = list.putArray("presets");
        Presets presets = library.presets();
        for (String name : presets.names()) {
            ObjectNode json = Json.object().put("name", name);
            json.setAll(Presets.json(presets.find(name)));
            data.add(json);
        }
        call.reply(list);
    }

    private Preset found(Call call) {
        try {
            return library.presets().find(call.path("name"));
        } catch (PintleException e) {
            throw HttpProblem.of(404, "preset_not_found", e.problem());
        }
    }

    private void show(Call call) throws IOException {
        call.reply(Presets.json(found(call)));
    }

    private void keep(Call call) throws IOException {
        Preset preset = JsonRecords.read(call.json(), Preset.class, "");
        Models.Chosen chosen = models.find(preset.model());
        if (chosen.preset() != null) {
            throw new FieldException("model", Problem.of("A preset is for a model, not for another preset."));
        }
        SteeringSpec spec = SteeringSpec.of(preset.steering(), "steering");
        ServedModel served = chosen.model();
        if (!spec.needsRoles()) { // so that a mistake shows now, not in each request
            spec.resolve(served.sources(), served.model(), null, "steering");
        }
        library.presets().keep(call.path("name"), preset);
        call.reply(Presets.json(preset));
    }

    private void remove(Call call) throws IOException {
        found(call);
        library.presets().remove(call.path("name"));
        call.replyEmpty(204);
    }
}
