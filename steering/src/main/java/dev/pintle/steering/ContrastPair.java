package dev.pintle.steering;

import dev.pintle.text.Message;
import dev.pintle.text.ModelText;
import dev.pintle.text.Prompt;
import java.util.ArrayList;
import java.util.List;

/**
 * Two prompts that differ in the concept to steer toward.
 *
 * @param positive the prompt that shows it
 * @param negative the prompt that does not
 * @param padded whether the system prompt with fewer tokens is padded to the other's length with a space and
 *     {@code x}s, so that the tokens after it have the same positions
 * @param label where it comes from, such as a line of a file, for error messages; may be empty
 */
public record ContrastPair(Prompt positive, Prompt negative, boolean padded, String label) {
    private static final String FIRST_USER_TURN = "Hello!";
    private static final String PREFIX_USER_TURN = "Hello, how are you?";

    /** A pair without a label. */
    public ContrastPair(Prompt positive, Prompt negative, boolean padded) {
        this(positive, negative, padded, "");
    }

    /** A copy with a label. */
    public ContrastPair labelled(String where) {
        return new ContrastPair(positive, negative, padded, where);
    }

    /** A copy without padding. */
    public ContrastPair unpadded() {
        return new ContrastPair(positive, negative, false, label);
    }

    /** Two system prompts followed by the user turn "Hello!", padded to the same token length. */
    public static ContrastPair ofSystemPrompts(String positive, String negative) {
        return ofSystemPrompts(positive, negative, FIRST_USER_TURN);
    }

    /** Two system prompts followed by a user turn, padded to the same token length. */
    public static ContrastPair ofSystemPrompts(String positive, String negative, String user) {
        return new ContrastPair(opening(positive, user), opening(negative, user), true);
    }

    /** Two system prompts followed by the user turn "Hello, how are you?" and an answer prefix. */
    public static ContrastPair ofPrefix(String positive, String negative, String prefix) {
        return ofPrefix(positive, negative, PREFIX_USER_TURN, prefix);
    }

    /** Two system prompts followed by a user turn and an answer prefix. */
    public static ContrastPair ofPrefix(String positive, String negative, String user, String prefix) {
        return new ContrastPair(begun(positive, user, prefix), begun(negative, user, prefix), false);
    }

    /** One pair per answer prefix. */
    public static List<ContrastPair> ofPrefixes(String positive, String negative, List<String> prefixes) {
        return prefixes.stream()
                .map(prefix -> ofPrefix(positive, negative, prefix))
                .toList();
    }

    /** Two texts without a chat template, not padded. */
    public static ContrastPair ofTexts(String positive, String negative) {
        return new ContrastPair(Prompt.ofText(positive), Prompt.ofText(negative), false);
    }

    /**
     * A multiple-choice question with two answers, as in the data of contrastive activation addition: the question is
     * the user turn and the answer, such as {@code (A)}, the assistant's.
     *
     * @param matching the answer that shows the behaviour
     * @param notMatching the answer that does not
     */
    public static ContrastPair ofAnswers(String question, String matching, String notMatching) {
        return ofAnswers(List.of(Message.user(question)), matching, notMatching);
    }

    /** Two answers that continue a conversation, such as a system prompt and a question. */
    static ContrastPair ofAnswers(List<Message> before, String matching, String notMatching) {
        return new ContrastPair(answered(before, matching), answered(before, notMatching), false);
    }

    private static Prompt answered(List<Message> before, String answer) {
        List<Message> messages = new ArrayList<>(before);
        messages.add(Message.assistant(answer.strip()));
        return Prompt.ofMessages(messages);
    }

    private static Prompt opening(String system, String user) {
        return new Prompt(List.of(Message.system(system), Message.user(user)), Prompt.Ending.GENERATION_HEADER);
    }

    private static Prompt begun(String system, String user, String prefix) {
        return new Prompt(
                List.of(Message.system(system), Message.user(user), Message.assistant(prefix)),
                Prompt.Ending.CONTINUED);
    }

    /** A copy with the shorter system prompt padded, if the pair is to be padded. */
    public ContrastPair equalised(ModelText text) {
        if (!padded) {
            return this;
        }
        int positiveTokens = positive.tokens(text).length;
        int negativeTokens = negative.tokens(text).length;
        if (positiveTokens < negativeTokens) {
            return new ContrastPair(new PromptPadding(positive, text).upTo(negativeTokens), negative, false, label);
        }
        if (negativeTokens < positiveTokens) {
            return new ContrastPair(positive, new PromptPadding(negative, text).upTo(positiveTokens), false, label);
        }
        return new ContrastPair(positive, negative, false, label);
    }

    /** Both prompts tokenized, padded if the pair is to be padded. */
    public TokenPair tokens(ModelText text) {
        ContrastPair equal = equalised(text);
        return new TokenPair(equal.positive.tokenized(text), equal.negative.tokenized(text));
    }
}
