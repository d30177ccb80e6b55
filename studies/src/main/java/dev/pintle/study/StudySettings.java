package dev.pintle.study;

import dev.pintle.base.Problem;
import dev.pintle.steering.Strength;
import java.util.List;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * What the studies are run with. Written and read as JSON by {@link StudyJson}, keys in snake case.
 *
 * @param concept a word for it
 * @param positive system prompt that asks for the concept
 * @param neutral system prompt that does not
 * @param user user turn after the two system prompts
 * @param question user turn of the prefix pairs, and of the answers that are steered
 * @param prefixes begun answers of the prefix pairs
 * @param vector method whose vector steers
 * @param strength at which that vector steers
 * @param targetLatent the latent that stands for the concept; -1 for the one that its label and its decoder row tell
 * @param latentAmount how much is added to that latent
 * @param sequenceQuestion user turn of the text along which cosines are followed
 * @param sequenceAnswer answer to it; empty for the steered model's own
 * @param questions user turns on which quality is measured
 * @param marker regular expression that tells the concept in an answer; empty for none
 * @param strengths of the sweep, all in one unit
 * @param maxNewTokens longest answer
 * @param otherSaes more autoencoders to decode with: files, folders or repositories in the cache
 * @param tuplePrompt whether to repeat a mistake of the original: the positive system prompt of its prefix pairs was a tuple, which the
 *     chat template wrote out as {@code ('The assistant should talk like a pirate.',)}
 */
public record StudySettings(
        String concept,
        String positive,
        String neutral,
        String user,
        String question,
        List<String> prefixes,
        StudyVector vector,
        Strength strength,
        int targetLatent,
        double latentAmount,
        String sequenceQuestion,
        String sequenceAnswer,
        List<String> questions,
        String marker,
        List<Strength> strengths,
        int maxNewTokens,
        List<String> otherSaes,
        boolean tuplePrompt) {
    /** @throws IllegalArgumentException naming the setting that cannot be used */
    public StudySettings {
        prefixes = List.copyOf(prefixes);
        questions = List.copyOf(questions);
        strengths = List.copyOf(strengths);
        otherSaes = List.copyOf(otherSaes);
        require(!positive.isBlank() && !positive.equals(neutral), "positive", "a text other than neutral", positive);
        require(!prefixes.isEmpty(), "prefixes", "at least one begun answer", "none");
        require(!questions.isEmpty(), "questions", "at least one user turn", "none");
        require(strength.value() != 0, "strength", "not 0", strength);
        require(
                strengths.stream().map(Strength::unit).distinct().count() <= 1,
                "strengths",
                "all in activation norms or all factors",
                strengths);
        require(targetLatent >= -1, "target_latent", "a latent, or -1", targetLatent);
        require(Double.isFinite(latentAmount) && latentAmount != 0, "latent_amount", "not 0", latentAmount);
        require(maxNewTokens > 0, "max_new_tokens", "above 0", maxNewTokens);
        require(compiles(marker), "marker", "a regular expression", marker);
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
