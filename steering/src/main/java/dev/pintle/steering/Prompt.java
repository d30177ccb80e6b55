package dev.pintle.steering;

import dev.pintle.model.LanguageModel;
import dev.pintle.text.ChatOptions;
import dev.pintle.text.Message;
import dev.pintle.text.SpecialTokens;
import java.util.ArrayList;
import java.util.List;

/**
 * A text to read activations from.
 *
 * @param messages in order; of a plain text the one message that holds it
 * @param ending how its end is rendered
 */
public record Prompt(List<Message> messages, Ending ending) {
    /** How a conversation's end is rendered. */
    public enum Ending {
        /** With the header of an answer that has not begun. */
        GENERATION_HEADER,
        /** Open, so that the last message goes on. */
        CONTINUED,
        /** Closed: the messages, and nothing behind them. */
        CLOSED,
        /** No conversation: the text as it is, after the model's own start token. */
        PLAIN
    }

    /** Keeps a copy of the messages. */
    public Prompt {
        messages = List.copyOf(messages);
    }

    /** A text without a chat template. */
    public static Prompt ofText(String text) {
        return new Prompt(List.of(new Message("text", text)), Ending.PLAIN);
    }

    /** A conversation, open at its end where the assistant spoke last, else with the header of an answer. */
    public static Prompt ofMessages(List<Message> messages) {
        boolean answered =
                !messages.isEmpty() && messages.get(messages.size() - 1).role().equals("assistant");
        return new Prompt(messages, answered ? Ending.CONTINUED : Ending.GENERATION_HEADER);
    }

    /** As the model reads it. */
    public TokenizedPrompt tokenized(LanguageModel model) {
        return new TokenizedPrompt(model, this, tokens(model));
    }

    /** Token ids as the model reads them. */
    int[] tokens(LanguageModel model) {
        return switch (ending) {
            case GENERATION_HEADER -> model.chatTokens(messages);
            case CONTINUED -> model.continuedTokens(messages);
            case CLOSED ->
                model.tokenizer()
                        .encode(model.chatTemplate().render(messages, ChatOptions.messagesOnly()), SpecialTokens.NONE);
            case PLAIN -> model.tokenizer().encode(messages.get(0).content(), SpecialTokens.ADD);
        };
    }

    Message lastMessage() {
        return messages.get(messages.size() - 1);
    }

    /** Options that render this ending. */
    ChatOptions options() {
        return switch (ending) {
            case CONTINUED -> ChatOptions.forContinuation();
            case CLOSED -> ChatOptions.messagesOnly();
            case GENERATION_HEADER, PLAIN -> ChatOptions.forAnswer();
        };
    }

    /** The same with text appended to its first message. */
    Prompt withLongerSystemPrompt(String appended) {
        List<Message> longer = new ArrayList<>(messages);
        Message first = messages.get(0);
        longer.set(0, new Message(first.role(), first.content() + appended, first.fields()));
        return new Prompt(longer, ending);
    }
}
