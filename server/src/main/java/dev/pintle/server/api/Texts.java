package dev.pintle.server.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.Json;
import dev.pintle.base.JsonRecords;
import dev.pintle.server.http.ApiKeys.Scope;
import dev.pintle.server.http.Call;
import dev.pintle.server.http.Routes;
import dev.pintle.server.serving.Models;
import dev.pintle.server.serving.ServedModel;
import dev.pintle.text.TokenizedPrompt;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Text to tokens and back, and conversations as the chat template renders them. */
public final class Texts {
    private final Models models;

    /** @param models whose tokenizers are used */
    public Texts(Models models) {
        this.models = models;
    }

    /** Adds its routes below a path. */
    public void addTo(Routes routes, String path) {
        routes.add("POST", path + "/tokenize", Scope.READ, "Token ids, pieces and roles of a text", this::tokenize)
                .add("POST", path + "/detokenize", Scope.READ, "The text of token ids", this::detokenize)
                .add("POST", path + "/template", Scope.READ, "A conversation as the model reads it", this::template);
    }

    /** What these routes take. */
    record Given(
            @Nullable String model,
            @Nullable String text,
            @Nullable JsonNode messages,
            @Nullable JsonNode ids,
            @Nullable Boolean open) {}

    private void tokenize(Call call) throws IOException {
        Given asked = JsonRecords.read(call.json(), Given.class, "");
        ServedModel served = models.find(asked.model()).model();
        Input input =
                Input.of(served, asked.text(), asked.messages(), !Boolean.FALSE.equals(asked.open()), asked.ids());
        ObjectNode json = Json.object();
        ArrayNode tokens = json.putArray("tokens");
        TokenizedPrompt tokenized = input.tokenized();
        for (int i = 0; i < input.ids().length; i++) {
            ObjectNode token = tokens.addObject().put("id", input.ids()[i]);
            if (tokenized != null) {
                token.put("text", tokenized.text(i));
                if (asked.messages() != null) {
                    token.put("role", tokenized.role(i).label());
                }
            } else {
                token.put("text", served.model().tokenizer().decode(new int[] {input.ids()[i]}, false));
            }
        }
        call.reply(json.put("count", input.ids().length));
    }

    private void detokenize(Call call) throws IOException {
        Given asked = JsonRecords.read(call.json(), Given.class, "");
        ServedModel served = models.find(asked.model()).model();
        Input input = Input.of(served, null, null, false, asked.ids());
        call.reply(Json.object().put("text", served.model().tokenizer().decode(input.ids(), false)));
    }

    private void template(Call call) throws IOException {
        Given asked = JsonRecords.read(call.json(), Given.class, "");
        ServedModel served = models.find(asked.model()).model();
        Input input = Input.of(served, null, asked.messages(), !Boolean.FALSE.equals(asked.open()), null);
        TokenizedPrompt tokenized = input.tokenized();
        call.reply(Json.object().put("prompt", tokenized == null ? "" : tokenized.rendered()));
    }
}
