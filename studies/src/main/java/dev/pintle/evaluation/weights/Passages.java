package dev.pintle.evaluation.weights;

import dev.pintle.base.Problem;
import dev.pintle.sae.corpus.Document;
import dev.pintle.text.ModelText;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.OptionalInt;

/** Texts as token ids, in passages that each are one run. */
final class Passages {
    /** A first token, which is left out of the comparison, and one that is compared. */
    private static final int FEWEST = 2;

    private Passages() {}

    /**
     * Cuts texts into passages. A passage from within a text begins with the BOS token if the text does.
     *
     * @param longest tokens of a passage
     * @param most tokens of all passages; the last one is cut there
     * @throws dev.pintle.base.PintleException if the texts hold no passage of two tokens
     */
    static List<int[]> of(Iterator<Document> texts, ModelText words, int longest, int most) {
        List<int[]> passages = new ArrayList<>();
        OptionalInt bos = words.tokenizer().bosId();
        int left = most;
        while (left >= FEWEST && texts.hasNext()) {
            int[] ids = texts.next().tokens(words);
            boolean begins = ids.length > 0 && bos.isPresent() && ids[0] == bos.getAsInt();
            int from = 0;
            while (from < ids.length && left >= FEWEST) {
                int extra = from > 0 && begins ? 1 : 0;
                int[] passage = new int[Math.min(Math.min(longest, left), ids.length - from + extra)];
                passage[0] = bos.orElse(0); // overwritten unless the passage is from within
                System.arraycopy(ids, from, passage, extra, passage.length - extra);
                from += passage.length - extra;
                if (passage.length >= FEWEST) {
                    passages.add(passage);
                    left -= passage.length;
                }
            }
        }
        if (passages.isEmpty()) {
            throw Problem.of("The texts hold nothing to compare on.")
                    .fact("expected", "a text of at least " + FEWEST + " tokens, of which the first is left out")
                    .toException();
        }
        return passages;
    }

    /** Tokens that are compared: all but the first of each passage. */
    static long compared(List<int[]> passages) {
        return passages.stream().mapToLong(ids -> ids.length - 1L).sum();
    }

    /** The tokens after those that are compared: what the second and later predict, but for the last. */
    static int[] targets(int[] passage) {
        return Arrays.copyOfRange(passage, 2, passage.length);
    }
}
