package dev.pintle.server.openai;

import dev.pintle.library.steer.Presets.Preset;
import dev.pintle.server.http.Call;
import dev.pintle.server.serving.CaptureLinks;
import dev.pintle.server.serving.Metrics;
import dev.pintle.server.serving.Models;
import dev.pintle.server.serving.Requests;
import java.io.IOException;
import java.util.List;

/**
 * What chat completions and completions share: how a request begins, and how it is answered.
 *
 * @param models that answer
 * @param metrics count what is answered
 * @param requests that run
 * @param links where large captures are kept
 * @param lenient whether unknown fields are ignored, and said to be
 */
public record Completing(Models models, Metrics metrics, Requests requests, CaptureLinks links, boolean lenient) {
    /**
     * A request as it was read, with the defaults of its preset.
     *
     * @param chosen the model that it is for
     * @param own the fields of the one route alone
     * @param ignored fields that have no effect
     */
    record Begun<T extends Record>(Models.Chosen chosen, Fields fields, T own, List<String> ignored) {}

    /** @param own the fields of the one route alone */
    <T extends Record> Begun<T> begin(Call call, Class<T> own) throws IOException {
        Body body = Body.of(call.json(), List.of(Fields.class, own), lenient);
        Models.Chosen chosen = models.find(body.read(Fields.class).model());
        Preset preset = chosen.preset();
        if (preset != null && preset.defaults() != null) {
            body.defaults(preset.defaults());
        }
        return new Begun<>(chosen, body.read(Fields.class), body.read(own), body.ignored());
    }

    /** @param formats one per answer */
    void answer(Call call, Asked asked, List<? extends Format> formats) throws IOException, InterruptedException {
        try (CaptureLinks.Space space = asked.space(links)) {
            new Answers(call, metrics, requests, asked, formats, space).write();
        }
    }
}
