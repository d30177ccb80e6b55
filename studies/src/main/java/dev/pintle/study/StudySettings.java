package dev.pintle.study;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import dev.pintle.base.Problem;
import dev.pintle.steering.Strength;
import java.util.List;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * What the studies are run with. {@link StudyJson} writes and reads it as one flat JSON object, keys in snake case: {@code
 * positive}, {@code target_latent}, {@code sequence_question}.
 *
 * @param contrast the concept and the prompts that differ in it
 * @param answers the question that is answered, and how
 * @param steering what steers, and how strongly
 * @param sequence the text along which cosines are followed
 * @param quality what quality is measured on
 * @param otherSaes more autoencoders to decode with: files, folders or repositories in the cache
 */
public record StudySettings(
        @JsonUnwrapped Contrast contrast,
        @JsonUnwrapped Answers answers,
        @JsonUnwrapped Steering steering,
        @JsonUnwrapped Sequence sequence,
        @JsonUnwrapped Quality quality,
        List<String> otherSaes) {
    /** Keeps a copy of the list. */
    public StudySettings {
        otherSaes = List.copyOf(otherSaes);
    }

    /**
     * The concept and the prompts that differ in it.
     *
     * @param concept a word for it
     * @param marker regular expression that is found in an answer that shows it; empty for none
     * @param positive system prompt that asks for it
     * @param neutral system prompt that does not
     * @param user user turn after either of them
     */
    public record Contrast(String concept, String marker, String positive, String neutral, String user) {
        /** @throws IllegalArgumentException naming the setting that cannot be used */
        public Contrast {
            require(
                    !positive.isBlank() && !positive.equals(neutral),
                    "positive",
                    "a text other than neutral",
                    positive);
            require(compiles(marker), "marker", "a regular expression", marker);
        }

        /** Whether anything tells the concept in a text. */
        public boolean hasMarker() {
            return !marker.isEmpty();
        }

        /** What is found in an answer that shows the concept; without a marker, a pattern that is never found. */
        public Pattern pattern() {
            return Pattern.compile(hasMarker() ? marker : "(?!)");
        }
    }

    /**
     * The question that is answered, and how.
     *
     * @param question user turn of the steered answers, and of the prefix pairs
     * @param prefixes answer prefixes of the prefix pairs
     * @param tuplePrompt whether to repeat a mistake of the original: the positive system prompt of its prefix pairs was a
     *     tuple, which the chat template wrote out as {@code ('The assistant should talk like a pirate.',)}
     * @param maxNewTokens longest answer
     */
    public record Answers(String question, List<String> prefixes, boolean tuplePrompt, int maxNewTokens) {
        /** @throws IllegalArgumentException naming the setting that cannot be used */
        public Answers {
            prefixes = List.copyOf(prefixes);
            require(!prefixes.isEmpty(), "prefixes", "at least one answer prefix", "none");
            require(maxNewTokens > 0, "max_new_tokens", "above 0", maxNewTokens);
        }
    }

    /**
     * What steers, and how strongly.
     *
     * @param vector method whose vector steers
     * @param strength at which that vector steers
     * @param targetLatent the latent that stands for the concept; -1 to choose it by its label and its decoder row
     * @param latentAmount how much is added to that latent
     */
    public record Steering(StudyVector vector, Strength strength, int targetLatent, double latentAmount) {
        /** @throws IllegalArgumentException naming the setting that cannot be used */
        public Steering {
            require(strength.value() != 0, "strength", "not 0", strength);
            require(targetLatent >= -1, "target_latent", "a latent, or -1", targetLatent);
            require(Double.isFinite(latentAmount) && latentAmount != 0, "latent_amount", "not 0", latentAmount);
        }
    }

    /**
     * The text along which cosines are followed.
     *
     * @param question user turn
     * @param answer to it; empty for the steered model's own
     */
    public record Sequence(
            @JsonProperty("sequence_question") String question,
            @JsonProperty("sequence_answer") String answer) {}

    /**
     * What quality is measured on.
     *
     * @param questions user turns
     * @param strengths of the sweep, all in one unit
     */
    public record Quality(List<String> questions, List<Strength> strengths) {
        /** @throws IllegalArgumentException naming the setting that cannot be used */
        public Quality {
            questions = List.copyOf(questions);
            strengths = List.copyOf(strengths);
            require(!questions.isEmpty(), "questions", "at least one user turn", "none");
            require(
                    strengths.stream().map(Strength::unit).distinct().count() <= 1,
                    "strengths",
                    "all in activation norms or all factors",
                    strengths);
        }
    }

    private static void require(boolean fits, String setting, String expected, Object found) {
        if (!fits) {
            throw Problem.of("A setting of the studies cannot be used.")
                    .fact("setting", setting)
                    .fact("expected", expected)
                    .fact("but was", found)
                    .toIllegalArgument();
        }
    }

    private static boolean compiles(String pattern) {
        try {
            Pattern.compile(pattern);
            return true;
        } catch (PatternSyntaxException e) {
            return false;
        }
    }
}
