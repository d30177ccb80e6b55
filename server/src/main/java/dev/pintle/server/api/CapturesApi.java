package dev.pintle.server.api;

import dev.pintle.server.http.ApiKeys.Scope;
import dev.pintle.server.http.Call;
import dev.pintle.server.http.Routes;
import dev.pintle.server.serving.CaptureLinks;
import java.io.IOException;

/** Captures that a reply gives as links. */
public final class CapturesApi {
    private final CaptureLinks links;

    /** @param links what is kept */
    public CapturesApi(CaptureLinks links) {
        this.links = links;
    }

    /** Adds its routes below a path. */
    public void addTo(Routes routes, String path) {
        String one = path + "/captures/{id}";
        routes.add("GET", one, Scope.GENERATE, "A linked capture, as safetensors", this::show)
                .add("DELETE", one, Scope.GENERATE, "Frees a linked capture before its time", this::delete);
    }

    private void show(Call call) throws IOException {
        call.reply(200, "application/octet-stream", links.find(call.path("id")));
    }

    private void delete(Call call) throws IOException {
        links.delete(call.path("id"));
        call.replyEmpty(204);
    }
}
