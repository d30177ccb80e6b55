package dev.pintle.report;

import java.util.List;
import java.util.Locale;

/** Formats numbers and words for sentences and tables. */
public final class Words {
    private static final String NONE = "–";

    private Words() {}

    /** A share or a relative error: {@code 580%}, {@code 7.3%}. */
    public static String percent(double share) {
        if (!Double.isFinite(share)) {
            return number(share, 0);
        }
        double value = 100 * share;
        boolean small = Math.abs(value) < 9.95 && value != Math.rint(value);
        return text(small ? "%.1f%%" : "%.0f%%", value);
    }

    /** Rounded to a number of decimals. */
    public static String number(double value, int digits) {
        if (Double.isInfinite(value)) {
            return value > 0 ? "∞" : "−∞";
        }
        if (Math.abs(value) >= 10_000) {
            return text("%,.0f", value);
        }
        return Double.isNaN(value) ? NONE : text("%." + digits + "f", value).replaceFirst("^-(0(\\.0*)?)$", "$1");
    }

    /** With three decimals, as cosines are shown. */
    public static String number(double value) {
        return number(value, 3);
    }

    /** With its sign, rounded to a number of decimals. */
    public static String signed(double value, int digits) {
        return Double.isNaN(value) ? NONE : text("%+." + digits + "f", value);
    }

    /** A whole number with thousands separators. */
    public static String count(int number) {
        return text("%,d", number);
    }

    /** {@code 1 latent}, {@code 25 latents}. */
    public static String count(int number, String thing) {
        return count(number) + " " + thing + (number == 1 ? "" : "s");
    }

    /** {@code a, b and c}. */
    public static String and(List<String> words) {
        int last = words.size() - 1;
        return last <= 0
                ? String.join("", words)
                : String.join(", ", words.subList(0, last)) + " and " + words.get(last);
    }

    /** The latent with its label in quotation marks, where it has one. */
    public static String latent(int latent, String label) {
        return label.isEmpty() ? "latent " + latent : "latent " + latent + " (“" + label + "”)";
    }

    /** A label for a table. */
    public static String label(String label) {
        return label.isEmpty() ? "no label" : label;
    }

    /** A text by a format of {@link String#format}, the same in every locale. */
    public static String text(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }

    /** A sentence with a capital. */
    public static String capital(String sentence) {
        return sentence.substring(0, 1).toUpperCase(Locale.ROOT) + sentence.substring(1);
    }
}
