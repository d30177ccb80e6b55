package dev.pintle.text;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One turn of a conversation.
 *
 * @param role the speaker, in the template's terms: usually {@code system}, {@code user} or {@code assistant}
 * @param content the text of the message
 * @param fields additional fields the template may use, such as {@code tool_calls}: strings, numbers, booleans, null,
 *     and lists and maps of these. A field named {@code content} replaces the text, for templates that take content in
 *     parts
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

    /** A copy with one more field. */
    public Message with(String field, @Nullable Object value) {
        Map<String, @Nullable Object> more = new LinkedHashMap<>(fields);
        more.put(field, value);
        return new Message(role, content, more);
    }

    /** The message as seen by a template. */
    Map<String, @Nullable Object> asMap() {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        map.put("role", role);
        map.put("content", content);
        map.putAll(fields);
        return map;
    }
}
