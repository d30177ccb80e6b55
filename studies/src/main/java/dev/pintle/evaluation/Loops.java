package dev.pintle.evaluation;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.regex.Pattern;

/** Detects texts that repeat themselves, as those of an oversteered model do. */
public final class Loops {
    private static final int PHRASE = 3;
    private static final int RUN = 5;

    /** Two to four characters eight times within a word, or one character twenty times: more than anyone laughs or roars. */
    private static final Pattern WITHIN_A_WORD = Pattern.compile("(\\S{2,4}?)\\1{7}|(\\S)\\2{19}");

    private Loops() {}

    /** Whether three words occur three times in a row, one word five times, or a part of a word again and again. */
    public static boolean in(String text) {
        if (WITHIN_A_WORD.matcher(text).find()) {
            return true;
        }
        List<String> words = Arrays.stream(text.split("\\s+"))
                .filter(word -> !word.isEmpty())
                .toList();
        for (int i = 0; i <= words.size() - RUN; i++) {
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
