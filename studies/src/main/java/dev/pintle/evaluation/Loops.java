package dev.pintle.evaluation;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;

/** Detects texts that repeat themselves, as those of an oversteered model do. */
public final class Loops {
    private static final int PHRASE = 3;
    private static final int RUN = 5;

    private Loops() {}

    /** Whether three words occur three times in a row, or one word five times. */
    public static boolean in(String text) {
        List<String> words = Arrays.stream(text.split("\\s+"))
                .filter(word -> !word.isEmpty())
                .toList();
        for (int i = 0; i < words.size() - RUN; i++) {
            List<String> phrase = words.subList(i, i + PHRASE);
            boolean thrice = i + 3 * PHRASE <= words.size()
                    && phrase.equals(words.subList(i + PHRASE, i + 2 * PHRASE))
                    && phrase.equals(words.subList(i + 2 * PHRASE, i + 3 * PHRASE));
            if (thrice || new HashSet<>(words.subList(i, i + RUN)).size() == 1) {
                return true;
            }
        }
        return false;
    }
}
