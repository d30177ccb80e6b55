package dev.pintle.text;

import java.util.ArrayList;
import java.util.List;

/**
 * A text to read activations from.
 *
 * @param messages in order; for plain text, the single message that contains it
 * @param ending how its end is rendered
 */
public record Prompt(List<Message> messages, Ending ending) {
    /** How the end of a conversation is rendered. */
    public enum Ending {
        /** Followed by the header of an answer. */
        GENERATION_HEADER,
        /** Open, so that the model continues the last message. */
        CONTINUED,
        /** Closed: the messages and nothing after them. */
        CLOSED,
        /** Not a conversation: plain text after the model's BOS token. */
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

    /**
     * A conversation. If the last message is the assistant's, it is left open; otherwise the header of an answer
     * follows.
     */
    public static Prompt ofMessages(List<Message> messages) {
        boolean answered =
                !messages.isEmpty() && messages.get(messages.size() - 1).role().equals("assistant");
        return new Prompt(messages, answered ? Ending.CONTINUED : Ending.GENERATION_HEADER);
    }

    /** The tokens the model reads. */
    public TokenizedPrompt tokenized(ModelText text) {
        return new TokenizedPrompt(text, this, tokens(text));
    }

    /** The token ids the model reads. */
    public int[] tokens(ModelText text) {
        return tokens(text, rendered(text));
    }

    /** The text whose tokens a model reads: a conversation as the chat template renders it, or a plain text. */
    public String rendered(ModelText text) {
        return ending == Ending.PLAIN
                ? messages.get(0).content()
                : text.chatTemplate().render(messages, options());
    }

    /**
     * Token ids of a text that {@link #rendered} gave, or of a variant of it.
     *
     * @param rendered with the special tokens that the template writes; a plain text gets the model's own start token
     */
    public int[] tokens(ModelText text, String rendered) {
        return text.tokenizer().encode(rendered, ending == Ending.PLAIN ? SpecialTokens.ADD : SpecialTokens.NONE);
    }

    /** The last message. */
    public Message lastMessage() {
        return messages.get(messages.size() - 1);
    }

    /** The options that render this ending. */
    ChatOptions options() {
        return switch (ending) {
            case CONTINUED -> ChatOptions.forContinuation();
            case CLOSED -> ChatOptions.messagesOnly();
            case GENERATION_HEADER, PLAIN -> ChatOptions.forAnswer();
        };
    }

    /** A copy with text appended to its first message, which is the system prompt if there is one. */
    public Prompt withLongerFirstMessage(String appended) {
        List<Message> longer = new ArrayList<>(messages);
        Message first = messages.get(0);
        longer.set(0, new Message(first.role(), first.content() + appended, first.fields()));
        return new Prompt(longer, ending);
    }
}
