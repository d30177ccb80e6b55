package dev.pintle.tensor.io;

import dev.pintle.base.Excerpt;
import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Looks up tensor names given by a user in what a file declares. */
final class Names {
    private static final int SHOWN = 120;
    private static final int COMPARED = 100_000;

    private Names() {}

    /** The value of a name, otherwise an error that lists the closest names. */
    static <T> T find(Map<String, T> byName, String name, Path file) {
        T found = byName.get(name);
        if (found == null) {
            throw missing(name, byName.keySet(), file);
        }
        return found;
    }

    private static PintleException missing(String name, Collection<String> names, Path file) {
        Problem problem = Problem.of("The checkpoint contains no tensor of this name.")
                .fact("file", file.toAbsolutePath())
                .fact("asked for", Excerpt.of(name));
        for (String near : nearest(name, names)) {
            problem = problem.fact("nearest", Excerpt.of(near));
        }
        return problem.fact("holds", names.size() + (names.size() == 1 ? " tensor" : " tensors"))
                .toException();
    }

    /** Up to three names: first those that contain the requested name or are a suffix of it, then by edit distance. */
    private static List<String> nearest(String name, Collection<String> names) {
        record Near(String name, int distance) {}
        return names.stream()
                .limit(COMPARED)
                .filter(candidate -> candidate.length() <= SHOWN && name.length() <= SHOWN)
                .map(candidate -> new Near(candidate, distance(name, candidate)))
                .sorted(Comparator.comparingInt(Near::distance).thenComparing(Near::name))
                .limit(3)
                .map(Near::name)
                .toList();
    }

    private static int distance(String asked, String candidate) {
        boolean part =
                !asked.isEmpty() && !candidate.isEmpty() && (candidate.contains(asked) || asked.contains(candidate));
        return part ? 1 : edits(asked, candidate);
    }

    /** Levenshtein distance. */
    private static int edits(String a, String b) {
        int[] above = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            above[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int[] row = new int[b.length() + 1];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int replaced = above[j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                row[j] = Math.min(replaced, 1 + Math.min(above[j], row[j - 1]));
            }
            above = row;
        }
        return above[b.length()];
    }

    /** The description of a value from a file in a message. */
    static String kind(@Nullable Object value) {
        return value == null ? "None" : value.getClass().getSimpleName();
    }
}
