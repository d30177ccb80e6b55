package dev.pintle.server.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.pintle.base.FieldException;
import dev.pintle.base.JsonRecords;
import dev.pintle.base.Problem;
import dev.pintle.model.GeneratedToken;
import dev.pintle.model.Reporting;
import dev.pintle.server.http.Call;
import dev.pintle.server.serving.Models;
import dev.pintle.server.serving.Reads;
import dev.pintle.server.serving.ServedModel;
import dev.pintle.server.serving.TokenIds;
import dev.pintle.text.Prompt;
import dev.pintle.text.TokenBytes;
import dev.pintle.text.TokenizedPrompt;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code POST /v1/completions}: texts and token ids, with the prompt's own log-probabilities where echoed. */
public final class Completions {
    private static final int MOST_PROMPTS = 64;

    private final Completing shared;

    /** @param shared with chat completions */
    public Completions(Completing shared) {
        this.shared = shared;
    }

    /** The fields that only completions have. */
    record TextFields(
            @Nullable JsonNode prompt,
            @Nullable Boolean echo,
            @Nullable Integer logprobs) {}

    /** Answers a request. */
    public void handle(Call call) throws IOException, InterruptedException {
        Completing.Begun<TextFields> begun = shared.begin(call, TextFields.class);
        Models.Chosen chosen = begun.chosen();
        Fields fields = begun.fields();
        TextFields text = begun.own();
        List<Asked.Given> prompts = prompts(chosen.model(), text.prompt());
        boolean logprobs = text.logprobs() != null;
        int alternatives = text.logprobs() == null ? 0 : text.logprobs();
        long seed = Asked.seed(fields);
        Asked asked = null;
        List<TextFormat> formats = new ArrayList<>();
        for (Asked.Given prompt : prompts) {
            Integer most = fields.maxTokens() == null ? Integer.valueOf(16) : fields.maxTokens();
            Asked one = Asked.of(chosen, fields, prompt, most, alternatives, seed, begun.ignored());
            asked = asked == null ? one : asked.and(one);
            TextFormat.Echo echo =
                    Boolean.TRUE.equals(text.echo()) ? echo(chosen.model(), one, prompt, logprobs) : null;
            for (int i = 0; i < fields.answers(); i++) {
                formats.add(new TextFormat(
                        new TokenTexts(new TokenBytes(chosen.model().model().tokenizer())), logprobs, echo));
            }
        }
        if (asked != null) {
            shared.answer(call, asked, formats);
        }
    }

    private static TextFormat.Echo echo(ServedModel served, Asked asked, Asked.Given prompt, boolean logprobs)
            throws InterruptedException {
        String text = served.model().tokenizer().decode(prompt.ids(), true);
        if (!logprobs || prompt.ids().length == 0) {
            return new TextFormat.Echo(prompt.ids(), text, List.of());
        }
        try (Reads.Turn turn = served.reads().begin()) {
            List<GeneratedToken> scored = served.model()
                    .score(
                            prompt.ids(),
                            prompt.ids().length,
                            asked.steering().interventions(),
                            new Reporting(asked.alternatives(), null));
            return new TextFormat.Echo(prompt.ids(), text, scored);
        }
    }

    /** A text, a list of texts, token ids, or a list of lists of these. */
    private static List<Asked.Given> prompts(ServedModel served, @Nullable JsonNode json) {
        JsonNode given = json == null ? MissingNode.getInstance() : json;
        List<Asked.Given> prompts = new ArrayList<>();
        if (given.isTextual() || isIds(given)) {
            prompts.add(prompt(served, given, "prompt"));
        } else if (given.isArray() && !given.isEmpty() && given.size() <= MOST_PROMPTS) {
            for (int i = 0; i < given.size(); i++) {
                prompts.add(prompt(served, given.get(i), "prompt[" + i + "]"));
            }
        } else {
            throw JsonRecords.wrong(
                    "prompt", "a text, token ids, or a list of up to " + MOST_PROMPTS + " of these", given);
        }
        return prompts;
    }

    private static boolean isIds(JsonNode json) {
        return json.isArray() && !json.isEmpty() && json.get(0).isIntegralNumber();
    }

    private static Asked.Given prompt(ServedModel served, JsonNode json, String path) {
        if (json.isTextual()) {
            TokenizedPrompt tokens =
                    Prompt.ofText(json.textValue()).tokenized(served.model().text());
            if (tokens.ids().length == 0) {
                throw new FieldException(path, Problem.of("The prompt has no tokens."));
            }
            return new Asked.Given(tokens.ids(), null);
        }
        if (!isIds(json)) {
            throw JsonRecords.wrong(path, "a text or token ids", json);
        }
        return new Asked.Given(TokenIds.read(served, json, path), null);
    }
}
