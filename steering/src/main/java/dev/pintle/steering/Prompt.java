package dev.pintle.steering;

import dev.pintle.chat.Message;
import dev.pintle.model.LanguageModel;
import java.util.ArrayList;
import java.util.List;

/**
 * A conversation to read activations from.
 *
 * @param messages in order
 * @param ending how its end is rendered
 */
public record Prompt(List<Message> messages, Ending ending) {
    /** How a conversation's end is rendered. */
    public enum Ending {
        /** With the header of an answer that has not begun. */
        GENERATION_HEADER,
        /** Open, so that the last message goes on. */
        CONTINUED
    }

    /** Keeps a copy of the messages. */
    public Prompt {
        messages = List.copyOf(messages);
    }

    /** Token ids as the model reads them. */
    int[] tokens(LanguageModel model) {
        return switch (ending) {
            case GENERATION_HEADER -> model.chatTokens(messages);
            case CONTINUED -> model.continuedTokens(messages);
        };
    }

    /** The same with text appended to its system message. */
    Prompt withLongerSystemPrompt(String appended) {
        List<Message> longer = new ArrayList<>(messages);
        longer.set(0, Message.system(messages.get(0).content() + appended));
        return new Prompt(longer, ending);
    }
}
