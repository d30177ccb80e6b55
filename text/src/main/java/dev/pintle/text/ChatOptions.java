package dev.pintle.text;

import java.time.Clock;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How a conversation is rendered.
 *
 * @param addGenerationPrompt whether the header of the assistant's answer follows the last message
 * @param continueFinalMessage whether the text ends inside the last message, so that the model continues it
 * @param tools descriptions of the functions the model may call, as JSON-like values; empty for none
 * @param variables additional template variables, such as {@code documents}; they take precedence over the special
 *     tokens
 * @param clock the time returned by {@code strftime_now} in a template
 */
public record ChatOptions(
        boolean addGenerationPrompt,
        boolean continueFinalMessage,
        List<? extends Object> tools,
        Map<String, ? extends @Nullable Object> variables,
        Clock clock) {
    public ChatOptions {
        tools = List.copyOf(tools);
        variables = Collections.unmodifiableMap(new LinkedHashMap<>(variables));
    }

    /** Only the messages. */
    public static ChatOptions messagesOnly() {
        return new ChatOptions(false, false, List.of(), Map.of(), Clock.system(ZoneId.systemDefault()));
    }

    /** The messages, followed by the header of the answer to generate. */
    public static ChatOptions forAnswer() {
        return new ChatOptions(true, false, List.of(), Map.of(), Clock.system(ZoneId.systemDefault()));
    }

    /** The messages up to the end of the last one's text, for the model to continue. */
    public static ChatOptions forContinuation() {
        return new ChatOptions(false, true, List.of(), Map.of(), Clock.system(ZoneId.systemDefault()));
    }

    /** A copy with additional tools. */
    public ChatOptions withTools(List<? extends Object> described) {
        List<Object> all = new ArrayList<>(tools);
        all.addAll(described);
        return new ChatOptions(addGenerationPrompt, continueFinalMessage, all, variables, clock);
    }

    /** A copy with one more template variable. */
    public ChatOptions with(String variable, @Nullable Object value) {
        Map<String, @Nullable Object> more = new LinkedHashMap<>(variables);
        more.put(variable, value);
        return new ChatOptions(addGenerationPrompt, continueFinalMessage, tools, more, clock);
    }

    /** Sets {@code date_string}, the date some templates write in the system message. */
    public ChatOptions withDate(String dateString) {
        return with("date_string", dateString);
    }

    public ChatOptions withClock(Clock other) {
        return new ChatOptions(addGenerationPrompt, continueFinalMessage, tools, variables, other);
    }
}
