package dev.pintle.server.openai;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.model.GeneratedToken;
import dev.pintle.server.http.JsonNumbers;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Choices of a completion. Each answer has its own, since offsets count along its text.
 */
final class TextFormat implements Format {
    private final TokenTexts texts;
    private final boolean tellsTokens;
    private final @Nullable Echo echo;
    private int offset;

    /**
     * The prompt, which comes before the answer.
     *
     * @param ids its tokens
     * @param text its text
     * @param scored what the model predicted for all but the first of them; empty if log-probabilities were not asked for
     */
    record Echo(int[] ids, String text, List<GeneratedToken> scored) {}

    /**
     * A format.
     *
     * @param texts writes tokens
     * @param tellsTokens whether {@code logprobs} was asked for
     * @param echo the prompt; null if the answer stands alone
     */
    TextFormat(TokenTexts texts, boolean tellsTokens, @Nullable Echo echo) {
        this.texts = texts;
        this.tellsTokens = tellsTokens;
        this.echo = echo;
    }

    @Override
    public String idPrefix() {
        return "cmpl-";
    }

    @Override
    public String object(boolean streamed) {
        return "text_completion";
    }

    @Override
    public boolean tellsTokens() {
        return tellsTokens;
    }

    @Override
    public void whole(ObjectNode choice, String text, List<GeneratedToken> tokens) {
        part(choice, true, text, tokens);
    }

    @Override
    public void part(ObjectNode choice, boolean first, String text, List<GeneratedToken> tokens) {
        Echo before = first ? echo : null;
        choice.put("text", before == null ? text : before.text + text);
        if (!tellsTokens) {
            choice.putNull("logprobs");
            return;
        }
        ObjectNode logprobs = choice.putObject("logprobs");
        ArrayNode names = logprobs.putArray("tokens");
        ArrayNode numbers = logprobs.putArray("token_logprobs");
        ArrayNode top = logprobs.putArray("top_logprobs");
        ArrayNode offsets = logprobs.putArray("text_offset");
        if (before != null && before.ids.length > 0) {
            String start = texts.text(before.ids[0]);
            names.add(start);
            numbers.addNull(); // nothing predicts the first token
            top.addNull();
            offsets.add(offset);
            offset += start.length();
            before.scored.forEach(token -> tell(token, names, numbers, top, offsets));
        }
        tokens.forEach(token -> tell(token, names, numbers, top, offsets));
    }

    private void tell(GeneratedToken token, ArrayNode names, ArrayNode numbers, ArrayNode top, ArrayNode offsets) {
        String text = texts.text(token.id());
        names.add(text);
        JsonNumbers.add(numbers, token.logProbability());
        top.add(texts.byText(token.alternatives()));
        offsets.add(offset);
        offset += text.length();
    }
}
