package dev.pintle.steering;

import dev.pintle.base.Problem;
import dev.pintle.text.ModelText;
import dev.pintle.text.Prompt;

/*
 * Pairs are padded as in the original code: a space, then one x after another, until the prompt has enough tokens. Only
 * the tokenizer can tell how many that takes, so it runs once per candidate; but the chat template, which is a slow
 * program, is only rendered twice. If one more x in the message adds exactly one x to the rendering, any number of them
 * can be inserted at that place.
 */
/** Pads the first message of a prompt until the prompt has a given number of tokens. */
final class PromptPadding {
    private static final int MOST_PADDING = 4096;

    private final Prompt prompt;
    private final ModelText text;

    PromptPadding(Prompt prompt, ModelText text) {
        this.prompt = prompt;
        this.text = text;
    }

    /**
     * The prompt with the least padding that gives it this many tokens.
     *
     * @throws dev.pintle.base.PintleException if no padding does
     */
    Prompt upTo(int tokens) {
        if (padded(0).tokens(text).length >= tokens) {
            return padded(0);
        }
        String one = padded(1).rendered(text);
        int place = placeOfNext(one, padded(2).rendered(text));
        for (int count = 1; count < MOST_PADDING; count++) {
            int found = (place < 0 ? padded(count).tokens(text) : prompt.tokens(text, inserted(one, place, count - 1)))
                    .length;
            if (found >= tokens) {
                return padded(count);
            }
        }
        throw Problem.of("The prompts cannot be padded to equal length.")
                .fact("expected", tokens + " tokens")
                .fact(
                        "but was",
                        padded(MOST_PADDING).tokens(text).length + " with " + (MOST_PADDING + 1)
                                + " padding characters")
                .toException();
    }

    private Prompt padded(int count) {
        return prompt.withLongerFirstMessage(" " + "x".repeat(count));
    }

    private static String inserted(String rendered, int place, int count) {
        return rendered.substring(0, place) + "x".repeat(count) + rendered.substring(place);
    }

    /** Where the second rendering has one more x than the first; -1 if they differ in anything else. */
    static int placeOfNext(String one, String two) {
        int place = 0;
        while (place < one.length() && place < two.length() && one.charAt(place) == two.charAt(place)) {
            place++;
        }
        return inserted(one, place, 1).equals(two) ? place : -1;
    }
}
