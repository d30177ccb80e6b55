package dev.pintle.server.openai;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.model.GeneratedToken;
import java.util.List;

/**
 * Choices of a chat completion.
 *
 * @param texts writes tokens
 * @param tellsTokens whether {@code logprobs} was asked for
 */
record ChatFormat(TokenTexts texts, boolean tellsTokens) implements Format {
    @Override
    public String idPrefix() {
        return "chatcmpl-";
    }

    @Override
    public String object(boolean streamed) {
        return streamed ? "chat.completion.chunk" : "chat.completion";
    }

    @Override
    public void whole(ObjectNode choice, String text, List<GeneratedToken> tokens) {
        choice.putObject("message")
                .put("role", "assistant")
                .put("content", text)
                .putNull("refusal");
        logprobs(choice, tokens);
    }

    @Override
    public void part(ObjectNode choice, boolean first, String text, List<GeneratedToken> tokens) {
        ObjectNode delta = choice.putObject("delta");
        if (first) {
            delta.put("role", "assistant");
        }
        if (first || !text.isEmpty()) {
            delta.put("content", text);
        }
        if (tokens.isEmpty()) {
            choice.putNull("logprobs");
        } else {
            logprobs(choice, tokens);
        }
    }

    private void logprobs(ObjectNode choice, List<GeneratedToken> tokens) {
        if (!tellsTokens) {
            choice.putNull("logprobs");
            return;
        }
        ArrayNode content = choice.putObject("logprobs").putArray("content");
        tokens.forEach(token -> content.add(texts.entry(token)));
    }
}
