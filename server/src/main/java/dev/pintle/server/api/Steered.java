package dev.pintle.server.api;

import com.fasterxml.jackson.databind.JsonNode;
import dev.pintle.library.steer.Steering;
import dev.pintle.library.steer.SteeringSpec;
import dev.pintle.server.serving.Models;
import org.jspecify.annotations.Nullable;

/** Steering of a text that is given, not generated. */
final class Steered {
    private Steered() {}

    /**
     * What acts.
     *
     * @param asked the request's own steering; null for the preset's, if a preset was chosen
     */
    static Steering of(Models.Chosen chosen, @Nullable JsonNode asked, Input input, String path) {
        SteeringSpec spec = asked != null ? SteeringSpec.of(asked, path) : chosen.presetSteering(path);
        return spec.resolve(chosen.model().sources(), chosen.model().model(), input.tokenized(), path);
    }
}
