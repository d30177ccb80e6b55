package dev.pintle.steering;

import java.util.Locale;

/** Formats the two ends of an interval. */
public final class Ends {
    private static final int MOST_DECIMALS = 6;

    private Ends() {}

    /**
     * {@code 0.76 to 1.00}; with more digits if both ends would otherwise round to the same number, and a dash if there
     * are no ends.
     *
     * @param decimals minimum number of decimal places
     */
    public static String text(double low, double high, int decimals) {
        if (Double.isNaN(low) || Double.isNaN(high)) {
            return "–";
        }
        String from = number(low, decimals);
        String to = number(high, decimals);
        for (int more = decimals + 1; from.equals(to) && low != high && more <= MOST_DECIMALS; more++) {
            from = number(low, more);
            to = number(high, more);
        }
        return from + " to " + to;
    }

    private static String number(double value, int decimals) {
        return String.format(Locale.ROOT, "%." + decimals + "f", value).replaceFirst("^-(0(\\.0*)?)$", "$1");
    }
}
