package dev.pintle.server.openai;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.databind.JsonNode;
import dev.pintle.base.FieldException;
import dev.pintle.base.JsonRecords;
import dev.pintle.base.Problem;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What a capture returns instead of whole activations, as a request gives it. */
sealed interface Reduce {
    /** The mean over the captured tokens. */
    record Mean() implements Reduce {}

    /**
     * Each token's components along vectors.
     *
     * @param vectors names
     */
    record Project(List<String> vectors) implements Reduce {
        private static final int MOST = 64;

        /** @throws FieldException unless there are 1 to 64 */
        public Project {
            if (vectors.isEmpty() || vectors.size() > MOST) {
                throw new FieldException(
                        "project",
                        Problem.of("The number of vectors is out of range.")
                                .fact("expected", "1 to " + MOST)
                                .fact("but was", vectors.size()));
            }
        }
    }

    /**
     * Each token's largest latents.
     *
     * @param sae the autoencoder
     * @param top number of latents a token
     */
    record Latents(@Nullable String sae, @Nullable Integer top) implements Reduce {
        private static final int USUAL = 32;
        private static final int MOST = 256;

        /** @throws FieldException without an autoencoder, or for a number out of range */
        public Latents {
            if (sae == null) {
                throw new FieldException("sae", Problem.of("Latents need an autoencoder."));
            }
            if (top != null && (top < 1 || top > MOST)) {
                throw Fields.range("top", "1 to " + MOST, top);
            }
        }

        String autoencoder() {
            return Objects.requireNonNull(sae);
        }

        /** Number of latents a token. */
        int count() {
            return top == null ? USUAL : top;
        }
    }

    @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
    static Reduce of(JsonNode json) {
        String expected =
                "one of {\"mean\": true}, {\"project\": [\"pirate\"]} and {\"latents\": {\"sae\": …, \"top\": 32}}";
        if (!json.isObject()) {
            throw JsonRecords.wrong("", expected, json);
        }
        Form form = JsonRecords.read(json, Form.class, "");
        long given = Stream.of(form.mean, form.project, form.latents)
                .filter(Objects::nonNull)
                .count();
        if (given != 1) {
            throw JsonRecords.wrong("", expected, json);
        }
        if (form.project != null) {
            return new Project(form.project);
        }
        if (form.latents != null) {
            return form.latents;
        }
        if (!Boolean.TRUE.equals(form.mean)) {
            throw JsonRecords.wrong("mean", "true", json.get("mean"));
        }
        return new Mean();
    }

    /** The object form. */
    record Form(
            @Nullable Boolean mean,
            @Nullable List<String> project,
            @Nullable Latents latents) {}
}
