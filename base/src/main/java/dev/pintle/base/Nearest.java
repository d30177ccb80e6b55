package dev.pintle.base;

import java.util.Comparator;
import java.util.List;

/** Which of some names a typist may have meant. */
public final class Nearest {
    private static final int LONGEST = 400;
    private static final int MOST = 2;

    private Nearest() {}

    /** At most two names, nearest first: each a few letters away, or begun by what was typed. */
    public static List<String> to(String typed, List<String> names) {
        int most = Math.max(1, Math.min(3, typed.replace("-", "").length() / 3));
        return names.stream()
                .filter(name -> distance(typed, name) <= most
                        || (typed.length() > 3 && (name.startsWith(typed) || typed.startsWith(name + "-"))))
                .sorted(Comparator.comparingInt(name -> distance(typed, name)))
                .limit(MOST)
                .toList();
    }

    /** Letters to insert, remove, change or swap with a neighbour (optimal string alignment). */
    private static int distance(String a, String b) {
        if (Math.max(a.length(), b.length()) > LONGEST) {
            return Integer.MAX_VALUE;
        }
        int[][] cost = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            for (int j = 0; j <= b.length(); j++) {
                if (i == 0 || j == 0) {
                    cost[i][j] = i + j;
                    continue;
                }
                int change = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
                cost[i][j] = Math.min(cost[i - 1][j - 1] + change, 1 + Math.min(cost[i - 1][j], cost[i][j - 1]));
                if (i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1)) {
                    cost[i][j] = Math.min(cost[i][j], cost[i - 2][j - 2] + 1);
                }
            }
        }
        return cost[a.length()][b.length()];
    }
}
