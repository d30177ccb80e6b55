package dev.pintle.server.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.FieldException;
import dev.pintle.base.Json;
import dev.pintle.base.JsonRecords;
import dev.pintle.base.Problem;
import dev.pintle.library.steer.Steering;
import dev.pintle.model.GeneratedToken;
import dev.pintle.model.Reporting;
import dev.pintle.server.http.ApiKeys.Scope;
import dev.pintle.server.http.Call;
import dev.pintle.server.http.JsonNumbers;
import dev.pintle.server.http.Routes;
import dev.pintle.server.openai.Alternatives;
import dev.pintle.server.openai.Twin;
import dev.pintle.server.serving.Models;
import dev.pintle.server.serving.Reads;
import dev.pintle.server.serving.ServedModel;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a model predicted at each token of a given text, under one steering or two. */
public final class Scores {
    private final Models models;

    /** @param models that score */
    public Scores(Models models) {
        this.models = models;
    }

    /** Adds its routes below a path. */
    public void addTo(Routes routes, String path) {
        routes.add(
                "POST",
                path + "/score",
                Scope.GENERATE,
                "Log-probabilities of a given text, steered or not",
                this::score);
    }

    /**
     * What the route takes.
     *
     * @param twin another steering to compare with; null for none
     * @param top number of alternatives, 0 to 20
     */
    record Given(
            @Nullable String model,
            @Nullable String text,
            @Nullable JsonNode messages,
            @Nullable JsonNode ids,
            @Nullable JsonNode steering,
            @Nullable Twin twin,
            @Nullable Integer top) {}

    private void score(Call call) throws IOException, InterruptedException {
        Given asked = JsonRecords.read(call.json(), Given.class, "");
        Models.Chosen chosen = models.find(asked.model());
        ServedModel served = chosen.model();
        Input input = Input.of(served, asked.text(), asked.messages(), false, asked.ids());
        Steering steering = Steered.of(chosen, asked.steering(), input, "steering");
        Steering twin = twin(served, asked.twin(), input);
        int top = asked.top() == null ? 0 : asked.top();
        List<GeneratedToken> scored = scored(served, input, steering, twin, top);
        ObjectNode json = Json.object().put("model", String.valueOf(asked.model()));
        json.put("system_fingerprint", served.fingerprint());
        ArrayNode tokens = json.putArray("tokens");
        tokens.addObject()
                .put("id", input.ids()[0])
                .put("text", served.model().tokenizer().decode(new int[] {input.ids()[0]}, false));
        for (GeneratedToken token : scored) {
            ObjectNode one = tokens.addObject().put("id", token.id()).put("text", token.text());
            JsonNumbers.put(one, "logprob", token.logProbability());
            if (top > 0) {
                Alternatives.put(one, token.alternatives());
            }
            GeneratedToken.TwinToken other = token.twin();
            if (other != null) {
                ObjectNode second = one.putObject("twin");
                JsonNumbers.put(second, "logprob", other.logProbability());
                JsonNumbers.put(second, "kl", other.divergence());
                if (top > 0) {
                    Alternatives.put(second, other.alternatives());
                }
            }
        }
        json.set("steering", JsonNumbers.tree(steering.facts(input.ids().length, input.ids().length)));
        call.reply(json);
    }

    private static @Nullable Steering twin(ServedModel served, @Nullable Twin asked, Input input) {
        return asked == null
                ? null
                : asked.steering().resolve(served.sources(), served.model(), input.tokenized(), "twin.steering");
    }

    private static List<GeneratedToken> scored(
            ServedModel served, Input input, Steering steering, @Nullable Steering twin, int top)
            throws InterruptedException {
        Reporting reporting;
        try {
            reporting = new Reporting(top, twin == null ? null : twin.interventions());
        } catch (IllegalArgumentException e) {
            throw new FieldException("top", Problem.of(String.valueOf(e.getMessage())), e);
        }
        try (Reads.Turn turn = served.reads().begin()) {
            return served.model().score(input.ids(), input.ids().length, steering.interventions(), reporting);
        }
    }
}
