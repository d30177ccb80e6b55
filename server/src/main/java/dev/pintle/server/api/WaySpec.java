package dev.pintle.server.api;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.databind.JsonNode;
import dev.pintle.base.FieldException;
import dev.pintle.base.JsonRecords;
import dev.pintle.base.Problem;
import dev.pintle.steering.Strength;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A way to decompose a vector, as a request gives it: a word alone, or an object.
 *
 * @param how the way
 * @param terms latents that are listed; for pursuit and nearest, also the most that are taken
 * @param strength the length of the vector (scaled, 1 where absent) or what is added (difference)
 * @param enough the relative error at which a pursuit stops
 * @param texts whose latents change (difference)
 * @param messages instead of texts: a conversation
 * @param positive instead of texts, with {@code negative}: two system prompts
 */
record WaySpec(
        How how,
        @Nullable Integer terms,
        @Nullable Strength strength,
        @Nullable Double enough,
        @Nullable List<String> texts,
        @Nullable JsonNode messages,
        @Nullable String positive,
        @Nullable String negative) {
    /** The ways, by the words of the command line. */
    enum How {
        ENCODE("activation"),
        SCALED("activation", "strength"),
        DIFFERENCE("change", "strength", "texts", "messages", "positive", "negative"),
        PURSUIT("coefficient", "enough"),
        NEAREST("cosine");

        private final String value;
        private final Set<String> settings;

        How(String value, String... settings) {
            this.value = value;
            this.settings = Set.of(settings);
        }

        /** What a term's number is. */
        String value() {
            return value;
        }

        String word() {
            return name().toLowerCase(Locale.ROOT);
        }

        static How parse(String word) {
            for (How how : values()) {
                if (how.word().equals(word)) {
                    return how;
                }
            }
            throw new FieldException(
                    "how",
                    Problem.of("There is no such way to decompose a vector.")
                            .fact(
                                    "choose",
                                    String.join(
                                            ", ",
                                            Stream.of(values()).map(How::word).toList()))
                            .fact("but was", word));
        }
    }

    /** Refuses settings that other ways have. */
    WaySpec {
        Map<String, @Nullable Object> given = new LinkedHashMap<>();
        given.put("strength", strength);
        given.put("enough", enough);
        given.put("texts", texts);
        given.put("messages", messages);
        given.put("positive", positive);
        given.put("negative", negative);
        given.forEach((name, value) -> {
            if (value != null && !how.settings.contains(name)) {
                throw new FieldException(
                        name,
                        Problem.of("This way to decompose a vector does not have the setting.")
                                .fact("way", how.word()));
            }
        });
        if (how == How.DIFFERENCE) {
            requireText(strength, texts, messages, positive, negative);
        }
    }

    private static void requireText(
            @Nullable Strength strength,
            @Nullable List<String> texts,
            @Nullable JsonNode messages,
            @Nullable String positive,
            @Nullable String negative) {
        if (strength == null) {
            throw new FieldException(
                    "strength",
                    Problem.of("A difference of latents needs a strength.")
                            .fact("expected", "a number in activation norms, or a raw multiplier such as \"5abs\""));
        }
        int prompts = (positive == null ? 0 : 1) + (negative == null ? 0 : 1);
        int sources = (texts == null || texts.isEmpty() ? 0 : 1) + (messages == null ? 0 : 1) + (prompts == 0 ? 0 : 1);
        if (sources != 1 || prompts == 1) {
            throw new FieldException(
                    "texts",
                    Problem.of("A difference of latents needs one source of activations.")
                            .fact("expected", "texts, messages, or positive and negative, two system prompts"));
        }
    }

    @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
    static WaySpec of(JsonNode json) {
        if (json.isTextual()) {
            return of(How.parse(json.textValue()));
        }
        if (!json.isObject()) {
            throw JsonRecords.wrong("", "a way such as \"encode\", or {\"how\": \"scaled\", \"strength\": 1}", json);
        }
        Form form = JsonRecords.read(json, Form.class, "");
        if (form.how == null) {
            throw new FieldException("how", Problem.of("The way to decompose the vector is missing."));
        }
        return new WaySpec(
                How.parse(form.how),
                form.terms,
                form.strength,
                form.enough,
                form.texts,
                form.messages,
                form.positive,
                form.negative);
    }

    /** A way as it is where nothing else is said. */
    static WaySpec of(How how) {
        return new WaySpec(how, null, null, null, null, null, null, null);
    }

    /** The object form. */
    record Form(
            @Nullable String how,
            @Nullable Integer terms,
            @Nullable Strength strength,
            @Nullable Double enough,
            @Nullable List<String> texts,
            @Nullable JsonNode messages,
            @Nullable String positive,
            @Nullable String negative) {}
}
