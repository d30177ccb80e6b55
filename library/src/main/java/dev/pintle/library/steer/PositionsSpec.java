package dev.pintle.library.steer;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.databind.JsonNode;
import dev.pintle.base.FieldException;
import dev.pintle.base.JsonRecords;
import dev.pintle.base.Problem;
import dev.pintle.steering.Tokens;
import dev.pintle.text.Role;
import dev.pintle.text.TokenizedPrompt;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Which tokens something acts on: a name, as on the command line, or windows of prompt and answer. */
public sealed interface PositionsSpec {
    /** {@code all}, {@code generated}, {@code role:user} and the like. */
    record Named(String name) implements PositionsSpec {
        @Override
        public Tokens tokens(@Nullable TokenizedPrompt prompt) {
            return prompt == null ? Tokens.parse(name) : Tokens.parse(name, prompt);
        }

        @Override
        public boolean needsRoles() {
            return name.startsWith("role:");
        }
    }

    /**
     * Windows, half open and counted from 0; in the prompt, negative numbers count from its end.
     *
     * @param prompt windows of the prompt
     * @param generated windows of what is generated
     * @param roles roles whose tokens are included too
     * @param except tokens to leave out
     */
    record Windows(
            @Nullable List<Range> prompt,
            @Nullable List<Range> generated,
            @Nullable List<String> roles,
            @Nullable PositionsSpec except)
            implements PositionsSpec {
        @Override
        public Tokens tokens(@Nullable TokenizedPrompt of) {
            List<Tokens.OfOnePrompt> ofRoles = new ArrayList<>();
            if (roles != null) {
                for (String role : roles) {
                    ofRoles.add((Tokens.OfOnePrompt) Tokens.ofRole(Role.parse(role), required(of)));
                }
            }
            return new Tokens.Windows(
                    windows(prompt),
                    windows(generated),
                    ofRoles,
                    except == null ? List.of() : List.of(except.tokens(of)));
        }

        private static TokenizedPrompt required(@Nullable TokenizedPrompt prompt) {
            if (prompt == null) {
                throw new FieldException(
                        "roles", Problem.of("Tokens can only be selected by role if the prompt is a conversation."));
            }
            return prompt;
        }

        private static List<Tokens.Window> windows(@Nullable List<Range> ranges) {
            return ranges == null
                    ? List.of()
                    : ranges.stream().map(Range::window).toList();
        }

        @Override
        public boolean needsRoles() {
            return roles != null || (except != null && except.needsRoles());
        }
    }

    /** A window as JSON writes it: {@code [0, 4]}, or {@code [-1, null]} up to the end. */
    record Range(Tokens.Window window) {
        @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
        static Range of(JsonNode json) {
            boolean suits = json.isArray()
                    && json.size() == 2
                    && json.get(0).isInt()
                    && (json.get(1).isInt() || json.get(1).isNull());
            if (!suits) {
                throw JsonRecords.wrong("", "[FROM, TO] of whole numbers, TO null for the end", json);
            }
            return new Range(new Tokens.Window(
                    json.get(0).intValue(),
                    json.get(1).isNull() ? null : json.get(1).intValue()));
        }
    }

    /**
     * The tokens.
     *
     * @param prompt for roles; null if the prompt is not known
     * @throws IllegalArgumentException listing the names, or for a role without a prompt
     */
    Tokens tokens(@Nullable TokenizedPrompt prompt);

    /** Whether tokens are chosen by role, so that the prompt must be known. */
    boolean needsRoles();

    /** @throws FieldException unless it is one of the forms */
    @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
    static PositionsSpec of(JsonNode json) {
        if (json.isTextual()) {
            Named named = new Named(json.textValue());
            if (named.needsRoles()) {
                Role.parse(named.name().substring("role:".length()));
            } else {
                named.tokens(null);
            }
            return named;
        }
        if (!json.isObject()) {
            throw JsonRecords.wrong(
                    "", "a name such as generated, or {\"prompt\": [[0, 4]], \"generated\": [[0, 8]]}", json);
        }
        Form form = JsonRecords.read(json, Form.class, "");
        if (form.prompt == null && form.generated == null && form.roles == null) {
            throw JsonRecords.wrong("", "at least one of prompt, generated and roles", json);
        }
        if (form.roles != null) {
            form.roles.forEach(Role::parse);
        }
        return new Windows(form.prompt, form.generated, form.roles, form.except);
    }

    /** The object form. */
    record Form(
            @Nullable List<Range> prompt,
            @Nullable List<Range> generated,
            @Nullable List<String> roles,
            @Nullable PositionsSpec except) {}
}
