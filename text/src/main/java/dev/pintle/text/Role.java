package dev.pintle.text;

import dev.pintle.base.Problem;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** The role a token of a conversation belongs to. */
public enum Role {
    /** The system prompt's text. */
    SYSTEM,
    /** A user's text. */
    USER,
    /** The assistant's text. */
    ASSISTANT,
    /** Text of any other role, such as a tool's. */
    OTHER,
    /** What the chat template writes around the messages: special tokens, role names, blank lines, default texts. */
    HEADER;

    static Role of(String role) {
        return switch (role) {
            case "system" -> SYSTEM;
            case "user" -> USER;
            case "assistant", "model" -> ASSISTANT;
            default -> OTHER;
        };
    }

    /** @throws IllegalArgumentException listing the roles */
    public static Role parse(String name) {
        return Arrays.stream(values())
                .filter(role -> role.label().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(Problem.of("There is no such role.")
                        .fact("but was", name)
                        .fact("choose", Arrays.stream(values()).map(Role::label).collect(Collectors.joining(", ")))
                        .toString()));
    }

    /** The name in lower case. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
