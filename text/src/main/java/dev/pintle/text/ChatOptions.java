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
 * @param continueFinalMessage whether the text ends inside the last message, for the model to go on from there
 * @param tools descriptions of the functions that the model may call, as JSON-like values; empty for none
 * @param variables what else the template is given, such as {@code documents}; these win over the special tokens
 * @param clock the time that a template reads with {@code strftime_now}
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

    /** The messages alone. */
    public static ChatOptions messagesOnly() {
        return new ChatOptions(false, false, List.of(), Map.of(), Clock.system(ZoneId.systemDefault()));
    }

    /** The messages and the header of the answer that the model is to write. */
    public static ChatOptions forAnswer() {
        return new ChatOptions(true, false, List.of(), Map.of(), Clock.system(ZoneId.systemDefault()));
    }

    /** The messages up to the end of the last one's text, for the model to continue it. */
    public static ChatOptions forContinuation() {
        return new ChatOptions(false, true, List.of(), Map.of(), Clock.system(ZoneId.systemDefault()));
    }

    /** Further tools, after those that are there. */
    public ChatOptions withTools(List<? extends Object> described) {
        List<Object> all = new ArrayList<>(tools);
        all.addAll(described);
        return new ChatOptions(addGenerationPrompt, continueFinalMessage, all, variables, clock);
    }

    /** One more variable for the template. */
    public ChatOptions with(String variable, @Nullable Object value) {
        Map<String, @Nullable Object> more = new LinkedHashMap<>(variables);
        more.put(variable, value);
        return new ChatOptions(addGenerationPrompt, continueFinalMessage, tools, more, clock);
    }

    /** The date that templates write in the system message when they ask for {@code date_string}. */
    public ChatOptions withDate(String dateString) {
        return with("date_string", dateString);
    }

    public ChatOptions withClock(Clock other) {
        return new ChatOptions(addGenerationPrompt, continueFinalMessage, tools, variables, other);
    }
}
