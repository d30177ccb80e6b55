package dev.pintle.jinja;

/*
 * Knuth, Morris and Pratt, "Fast pattern matching in strings" (1977): linear time, however repetitive the text and the
 * pattern are. Java's own search is quadratic in the worst case and cannot be interrupted.
 */
/** Searches for a text in others. */
final class Search {
    private final String wanted;
    private final Budget budget;
    private final boolean backwards;
    private final int[] fallback;

    private Search(String wanted, Budget budget, boolean backwards) {
        this.wanted = wanted;
        this.budget = budget;
        this.backwards = backwards;
        budget.work(wanted.length());
        budget.memory(4L * wanted.length());
        fallback = new int[wanted.length()];
        int matched = 0;
        for (int i = 1; i < wanted.length(); i++) {
            while (matched > 0 && at(i) != at(matched)) {
                matched = fallback[matched - 1];
            }
            if (at(i) == at(matched)) {
                matched++;
            }
            fallback[i] = matched;
        }
    }

    static Search forwards(String wanted, Budget budget) {
        return new Search(wanted, budget, false);
    }

    private char at(int index) {
        return wanted.charAt(backwards ? wanted.length() - 1 - index : index);
    }

    /** The first index at or after {@code from}, or -1. */
    int in(String text, int from) {
        if (wanted.isEmpty()) {
            return from <= text.length() ? from : -1;
        }
        int matched = 0;
        for (int i = from; i < text.length(); i++) {
            char c = text.charAt(i);
            while (matched > 0 && c != wanted.charAt(matched)) {
                matched = fallback[matched - 1];
            }
            if (c == wanted.charAt(matched)) {
                matched++;
            }
            if (matched == wanted.length()) {
                budget.work(i - from + 1L);
                return i - matched + 1;
            }
        }
        budget.work(text.length() - (long) from);
        return -1;
    }

    static Search backwards(String wanted, Budget budget) {
        return new Search(wanted, budget, true);
    }

    /** The index of the last occurrence that ends at or before {@code end}, or -1. */
    int before(String text, int end) {
        if (wanted.isEmpty()) {
            return end;
        }
        int matched = 0;
        for (int i = end - 1; i >= 0; i--) {
            char c = text.charAt(i);
            while (matched > 0 && c != at(matched)) {
                matched = fallback[matched - 1];
            }
            if (c == at(matched)) {
                matched++;
            }
            if (matched == wanted.length()) {
                budget.work(end - (long) i);
                return i;
            }
        }
        budget.work(end);
        return -1;
    }
}
