package dev.pintle.server.api;

import com.fasterxml.jackson.databind.JsonNode;
import dev.pintle.base.FieldException;
import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import dev.pintle.sae.SparseAutoencoder;
import dev.pintle.server.http.HttpProblem;
import dev.pintle.server.openai.ChatCompletions;
import dev.pintle.server.serving.ServedModel;
import dev.pintle.server.serving.TokenIds;
import dev.pintle.text.Prompt;
import dev.pintle.text.TokenizedPrompt;
import java.util.OptionalInt;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** A text in a request: {@code text}, {@code messages} or {@code ids}, exactly one of them. */
final class Input {
    private final int[] ids;
    private final @Nullable TokenizedPrompt tokenized;

    private Input(int[] ids, @Nullable TokenizedPrompt tokenized) {
        this.ids = ids;
        this.tokenized = tokenized;
    }

    /**
     * Reads it.
     *
     * @param text plain text, or null
     * @param messages a conversation, or null
     * @param open whether the header of an answer follows the conversation
     * @param ids token ids, or null
     */
    static Input of(
            ServedModel served,
            @Nullable String text,
            @Nullable JsonNode messages,
            boolean open,
            @Nullable JsonNode ids) {
        int given = (text == null ? 0 : 1) + (messages == null ? 0 : 1) + (ids == null ? 0 : 1);
        if (given != 1) {
            throw new FieldException(
                    "text",
                    Problem.of("The request needs exactly one input.")
                            .fact("expected", "exactly one of text, messages and ids")
                            .fact("but was", given + " of them"));
        }
        if (ids != null) {
            return new Input(TokenIds.read(served, ids, "ids"), null);
        }
        Prompt prompt = text != null
                ? Prompt.ofText(text)
                : new Prompt(
                        ChatCompletions.messages(messages),
                        open ? Prompt.Ending.GENERATION_HEADER : Prompt.Ending.CLOSED);
        TokenizedPrompt tokenized = prompt.tokenized(served.model().text());
        return new Input(tokenized.ids(), tokenized).requireFits(served, text != null ? "text" : "messages");
    }

    private Input requireFits(ServedModel served, String field) {
        int context = served.model().config().maxPositions();
        if (ids.length > context) {
            throw HttpProblem.field(
                    field,
                    "context_length_exceeded",
                    Problem.of("The text is longer than the model's context.")
                            .fact("context", context + " tokens")
                            .fact("text", ids.length + " tokens"));
        }
        return this;
    }

    /**
     * This input with the token before it that the texts of an autoencoder's training start with, if they do and it is missing.
     *
     * @param asked whether to; null for plain text only, which has what the tokenizer adds, while whoever sends ids or a
     *     conversation has chosen its first token
     * @throws FieldException if it is asked for before a conversation, whose start is the template's
     */
    Input startedFor(SparseAutoencoder sae, ServedModel served, @Nullable Boolean asked) {
        boolean plain = tokenized != null && tokenized.prompt().ending() == Prompt.Ending.PLAIN;
        if (Boolean.TRUE.equals(asked) && tokenized != null && !plain) {
            throw new FieldException(
                    "start",
                    Problem.of("A conversation starts as its chat template says.")
                            .fact("expected", "start only with text or ids")
                            .fact("but was", "start with messages"));
        }
        OptionalInt start =
                sae.origin().trainedOn().missingStart(ids, served.model().tokenizer());
        if (start.isEmpty() || !(asked == null ? plain : asked)) {
            return this;
        }
        int[] all = IntStream.concat(IntStream.of(start.getAsInt()), IntStream.of(ids))
                .toArray();
        TokenizedPrompt after = tokenized == null ? null : tokenized.after(start.getAsInt());
        return new Input(all, after).requireFits(served, plain ? "text" : "ids");
    }

    /**
     * Makes something of a field.
     *
     * @throws FieldException naming the field, if it can't be used
     */
    static <T> T at(String field, Supplier<T> part) {
        try {
            return part.get();
        } catch (PintleException e) {
            throw new FieldException(field, e.problem(), e);
        } catch (IllegalArgumentException e) {
            throw new FieldException(field, Problem.of(String.valueOf(e.getMessage())), e);
        }
    }

    int[] ids() {
        return ids;
    }

    /** With texts and roles; null for token ids. */
    @Nullable
    TokenizedPrompt tokenized() {
        return tokenized;
    }
}
