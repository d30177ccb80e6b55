package dev.pintle.evaluation;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** How much of a text repeats itself. */
public final class Repetition {
    private static final int WORDS = 3;

    private Repetition() {}

    /** Share of a text's three-word runs that occurred in it before, from 0 to almost 1; 0 for fewer than four words. */
    public static double of(String text) {
        List<String> words = Arrays.stream(text.strip().split("\\s+")).toList();
        int runs = words.size() - WORDS + 1;
        if (runs < 2) {
            return 0;
        }
        Set<List<String>> different = new HashSet<>();
        for (int i = 0; i < runs; i++) {
            different.add(words.subList(i, i + WORDS));
        }
        return 1 - (double) different.size() / runs;
    }
}
