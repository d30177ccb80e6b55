package dev.pintle.text;

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

    /** As a model reads it. */
    public TokenizedPrompt tokenized(ModelText text) {
        return new TokenizedPrompt(text, this, tokens(text));
    }

    /** Token ids as a model reads them. */
    public int[] tokens(ModelText text) {
        return ending == Ending.PLAIN
                ? text.tokenizer().encode(messages.get(0).content(), SpecialTokens.ADD)
                : text.tokens(messages, options());
    }

    /** The last message. */
    public Message lastMessage() {
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

    /** The same with text appended to its first message, which is the system prompt where there is one. */
    public Prompt withLongerFirstMessage(String appended) {
        List<Message> longer = new ArrayList<>(messages);
        Message first = messages.get(0);
        longer.set(0, new Message(first.role(), first.content() + appended, first.fields()));
        return new Prompt(longer, ending);
    }
}
