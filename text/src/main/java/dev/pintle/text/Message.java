package dev.pintle.text;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One turn of a conversation.
 *
 * @param role who speaks, in the template's words: usually {@code system}, {@code user} or {@code assistant}
 * @param content what is said
 * @param fields what else the template may ask for, such as {@code tool_calls}: text, numbers, booleans, null, lists and
 *     maps of such. A field named {@code content} stands in for the text, for templates that take content in parts
 */
public record Message(String role, String content, Map<String, ? extends @Nullable Object> fields) {
    public Message {
        fields = Collections.unmodifiableMap(new LinkedHashMap<>(fields));
    }

    public Message(String role, String content) {
        this(role, content, Map.of());
    }

    public static Message system(String content) {
        return new Message("system", content);
    }

    public static Message user(String content) {
        return new Message("user", content);
    }

    public static Message assistant(String content) {
        return new Message("assistant", content);
    }

    /** This message with one more field. */
    public Message with(String field, @Nullable Object value) {
        Map<String, @Nullable Object> more = new LinkedHashMap<>(fields);
        more.put(field, value);
        return new Message(role, content, more);
    }

    /** The message as a template sees it. */
    Map<String, @Nullable Object> asMap() {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        map.put("role", role);
        map.put("content", content);
        map.putAll(fields);
        return map;
    }
}
