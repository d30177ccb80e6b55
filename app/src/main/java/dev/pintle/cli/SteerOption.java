package dev.pintle.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.pintle.base.Json;
import dev.pintle.library.Library;
import dev.pintle.library.OpenSources;
import dev.pintle.library.steer.Steering;
import dev.pintle.library.steer.SteeringSpec;
import dev.pintle.model.LanguageModel;
import dev.pintle.steering.Intervention;
import dev.pintle.text.Prompt;
import dev.pintle.text.TokenizedPrompt;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** {@code --steer JSON|FILE}: any steering, in the JSON that the server takes too. */
@HelpSection.In(HelpSection.STEERING)
public final class SteerOption {
    @Option(
            names = "--steer",
            paramLabel = "JSON|FILE",
            description = "Steering as JSON, or a file that holds it: a list of entries that add, ablate, clamp or"
                    + " rotate along vectors or change latents, such as '[{\"vector\": \"pirate\", \"op\": \"ablate\"}]'."
                    + " docs/steering.md has all fields.")
    private @Nullable String steer;

    private SteeringSpec spec = SteeringSpec.none();

    /** The option as words of a command line; none if it was not given. */
    List<String> given() {
        return steer == null ? List.of() : List.of("--steer", steer);
    }

    /** Whether there is any. */
    boolean isGiven() {
        return steer != null;
    }

    /**
     * The specification as JSON; a list without entries if there is none.
     *
     * @throws dev.pintle.base.PintleException if it is not JSON, or its file can't be read
     */
    public JsonNode json() {
        return steer == null ? Json.array() : SteeringSpec.json(steer);
    }

    /** Reads the specification, before anything expensive. */
    void prepare() {
        spec = SteeringSpec.of(json(), "steering");
    }

    /**
     * Refuses a factor that the specification cannot be scaled by.
     *
     * @throws dev.pintle.base.PintleException if an entry cannot be scaled
     */
    void requireScaled(double by) {
        if (by != 0 && by != 1) {
            spec.scaled(by);
        }
    }

    /** What acts, and the autoencoders that it needs while in use. */
    record Opened(Steering steering, OpenSources sources) implements AutoCloseable {
        List<Intervention> interventions() {
            return steering.interventions();
        }

        /** What each entry was resolved to, for JSON. */
        List<Map<String, Object>> facts() {
            return steering.facts();
        }

        @Override
        public void close() {
            sources.close();
        }
    }

    /**
     * The steering on a model; close it once the steered model is no longer used.
     *
     * @param prompt for tokens by role; null if it is not known
     */
    Opened open(LanguageModel model, Library library, @Nullable Prompt prompt) {
        return open(model, library, prompt, 1);
    }

    /** As {@link #open(LanguageModel, Library, Prompt)}, with its effect scaled. */
    Opened open(LanguageModel model, Library library, @Nullable Prompt prompt, double by) {
        OpenSources sources = library.sources(model, true);
        try {
            TokenizedPrompt roles = prompt == null || !spec.needsRoles() ? null : prompt.tokenized(model.text());
            Steering steering = (by == 1 ? spec : spec.scaled(by)).resolve(sources, model, roles, "steering");
            return new Opened(steering, sources);
        } catch (RuntimeException e) {
            sources.close();
            throw e;
        }
    }
}
