package dev.pintle.server.openai;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.JsonNode;
import dev.pintle.base.FieldException;
import dev.pintle.base.JsonRecords;
import dev.pintle.base.Problem;
import dev.pintle.library.steer.PositionsSpec;
import dev.pintle.library.steer.SteeringSpec;
import dev.pintle.model.Decoding;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The fields that chat completions and completions share. Absent ones are null.
 *
 * @param temperature 0 for greedy; 1 where absent, as clients expect
 * @param seed drawn where absent, and said in the reply
 * @param n number of answers
 * @param steering a {@link SteeringSpec}; the preset's where absent
 * @param twin a second row that is fed the same tokens
 * @param tokens what is told of each token
 * @param capture activations to return
 */
record Fields(
        @Nullable String model,
        @Nullable Boolean stream,
        @JsonProperty("stream_options") @Nullable StreamOptions streamOptions,
        @JsonProperty("max_tokens") @Nullable Integer maxTokens,
        @Nullable Double temperature,
        @JsonProperty("top_p") @Nullable Double topP,
        @JsonProperty("top_k") @Nullable Integer topK,
        @JsonProperty("min_p") @Nullable Double minP,
        @JsonProperty("repetition_penalty") @Nullable Double repetitionPenalty,
        @Nullable Long seed,
        @Nullable Integer n,
        @Nullable Stops stop,
        @Nullable JsonNode steering,
        @Nullable Twin twin,
        @Nullable Tokens tokens,
        @Nullable List<CaptureSpec> capture) {
    private static final int MOST_ANSWERS = 8;

    /** OpenAI's options of a stream. */
    record StreamOptions(
            @JsonProperty("include_usage") @Nullable Boolean includeUsage,
            @JsonProperty("include_obfuscation") @Nullable Boolean includeObfuscation) {}

    /** Strings that end an answer: one, or up to 4. */
    record Stops(List<String> strings) {
        private static final int MOST = 4;

        @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
        static Stops of(JsonNode json) {
            List<String> strings = new ArrayList<>();
            if (json.isTextual()) {
                strings.add(json.textValue());
            } else if (json.isArray() && json.size() <= MOST) {
                for (JsonNode one : json) {
                    if (!one.isTextual()) {
                        throw JsonRecords.wrong("", "texts", json);
                    }
                    strings.add(one.textValue());
                }
            } else {
                throw JsonRecords.wrong("", "a text, or up to " + MOST + " of them", json);
            }
            return new Stops(strings);
        }
    }

    /**
     * What is told of each token: id, text and log-probability, and this.
     *
     * @param top number of alternatives
     * @param project vectors on which the residual stream at their hook points is projected
     */
    record Tokens(@Nullable Integer top, @Nullable List<String> project) {
        @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
        static @Nullable Tokens of(JsonNode json) {
            if (json.isBoolean()) {
                return json.booleanValue() ? new Tokens(null, null) : null;
            }
            if (!json.isObject()) {
                throw JsonRecords.wrong("", "true, or {\"top\": 5, \"project\": [\"pirate\"]}", json);
            }
            Form form = JsonRecords.read(json, Form.class, "");
            return new Tokens(form.top, form.project);
        }

        /** The object form. */
        record Form(@Nullable Integer top, @Nullable List<String> project) {}
    }

    /**
     * Activations to return.
     *
     * @param name of the capture in the reply; the hook points' where absent
     * @param point a hook point, or a pattern with * for several
     * @param positions the tokens; all where absent
     * @param see {@code after} the steering at the hook point, the default, or {@code before}
     * @param reduce what is returned instead of whole activations; null for these
     * @param format {@code inline} (Base64 of FP32, little-endian), the default, {@code ndarray} (lists), or {@code link}
     */
    record CaptureSpec(
            @Nullable String name,
            @Nullable String point,
            @Nullable PositionsSpec positions,
            @Nullable String see,
            @Nullable Reduce reduce,
            @Nullable String format) {
        CaptureSpec {
            if (point == null) {
                throw new FieldException("point", Problem.of("A capture needs a hook point."));
            }
            FieldException.requireChoice("see", see, List.of("after", "before"));
            FieldException.requireChoice("format", format, List.of("inline", "ndarray", "link"));
        }

        boolean seesBefore() {
            return "before".equals(see);
        }

        boolean lists() {
            return "ndarray".equals(format);
        }

        boolean isLinked() {
            return "link".equals(format);
        }
    }

    /** Number of answers. */
    int answers() {
        if (n != null && (n < 1 || n > MOST_ANSWERS)) {
            throw range("n", "1 to " + MOST_ANSWERS, n);
        }
        return n == null ? 1 : n;
    }

    boolean streams() {
        return Boolean.TRUE.equals(stream);
    }

    boolean wantsUsageInStream() {
        return streamOptions != null && Boolean.TRUE.equals(streamOptions.includeUsage());
    }

    List<String> stops() {
        return stop == null ? List.of() : stop.strings();
    }

    /**
     * How tokens are chosen.
     *
     * @param most the most tokens of an answer
     * @param drawn the seed
     */
    Decoding decoding(int most, long drawn) {
        double heat = temperature == null ? 1 : temperature;
        require("temperature", heat >= 0 && Double.isFinite(heat), "0 or more", heat);
        require("top_p", topP == null || (topP > 0 && topP <= 1), "above 0, at most 1", topP);
        require("top_k", topK == null || topK >= 0, "0 (all) or more", topK);
        require("min_p", minP == null || (minP >= 0 && minP <= 1), "0 to 1", minP);
        require(
                "repetition_penalty",
                repetitionPenalty == null || (repetitionPenalty > 0 && Double.isFinite(repetitionPenalty)),
                "above 0",
                repetitionPenalty);
        if (heat == 0) {
            return Decoding.greedy(most);
        }
        return new Decoding.Sample(
                most,
                heat,
                topK == null ? 0 : topK,
                topP == null ? 1 : topP,
                minP == null ? 0 : minP,
                repetitionPenalty == null ? 1 : repetitionPenalty,
                drawn);
    }

    private static void require(String field, boolean holds, String expected, @Nullable Object found) {
        if (!holds) {
            throw range(field, expected, found);
        }
    }

    static FieldException range(String field, String expected, @Nullable Object found) {
        return new FieldException(
                field,
                Problem.of("The value is out of range.")
                        .fact("expected", expected)
                        .fact("but was", found));
    }

    /** Whether it asks for anything that OpenAI's API does not have. */
    boolean asksForMore() {
        return steering != null || twin != null || tokens != null || capture != null;
    }
}
