package dev.pintle.text;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Finds token names in a text; if several start at the same position, the longest wins. */
final class TokenNames {
    private final Set<String> names;
    private final Map<Character, TreeSet<Integer>> lengthsByFirst = new HashMap<>();

    TokenNames(Collection<String> names) {
        this.names = Set.copyOf(names);
        for (String name : this.names) {
            if (!name.isEmpty()) {
                lengthsByFirst
                        .computeIfAbsent(name.charAt(0), first -> new TreeSet<>())
                        .add(name.length());
            }
        }
    }

    /** A name found in a text. */
    record Found(int start, String name) {
        int end() {
            return start + name.length();
        }
    }

    /** The first name that starts at or after {@code from}, or null. */
    @Nullable
    Found find(String text, int from) {
        for (int start = from; start < text.length(); start++) {
            TreeSet<Integer> lengths = lengthsByFirst.get(text.charAt(start));
            if (lengths == null) {
                continue;
            }
            for (int length : lengths.descendingSet()) {
                if (start + length <= text.length()) {
                    String candidate = text.substring(start, start + length);
                    if (names.contains(candidate)) {
                        return new Found(start, candidate);
                    }
                }
            }
        }
        return null;
    }
}
