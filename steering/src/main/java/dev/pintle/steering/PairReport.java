package dev.pintle.steering;

import dev.pintle.model.LanguageModel;
import dev.pintle.text.TokenizedPrompt;
import java.util.List;

/**
 * Token lengths of a pair and where its prompts differ.
 *
 * @param positiveTokens length of the positive prompt
 * @param negativeTokens length of the negative prompt
 * @param firstDifference first position at which they differ
 * @param equalTail number of equal tokens at the end
 * @param differsIn the text in between in the positive prompt, then in the negative
 */
public record PairReport(
        int positiveTokens, int negativeTokens, int firstDifference, int equalTail, List<String> differsIn) {
    /** Whether the prompts are identical, so that there is nothing to contrast. */
    public boolean same() {
        return positiveTokens == negativeTokens && firstDifference == positiveTokens;
    }

    /** One report per pair. */
    public static List<PairReport> of(LanguageModel model, List<ContrastPair> pairs) {
        return pairs.stream().map(pair -> of(pair.tokens(model.text()))).toList();
    }

    private static PairReport of(TokenPair pair) {
        return new PairReport(
                pair.positive().length(),
                pair.negative().length(),
                pair.firstDifference(),
                pair.equalTail(),
                List.of(
                        between(pair.positive(), pair.firstDifference(), pair.equalTail()),
                        between(pair.negative(), pair.firstDifference(), pair.equalTail())));
    }

    private static String between(TokenizedPrompt prompt, int from, int tail) {
        StringBuilder text = new StringBuilder();
        for (int position = from; position < prompt.length() - tail; position++) {
            text.append(prompt.text(position));
        }
        return text.toString();
    }
}
