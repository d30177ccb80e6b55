package dev.pintle.jinja;

import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.time.temporal.IsoFields;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Formats a time with C's {@code strftime} format, in English, like Python on Linux. */
final class Strftime {
    private Strftime() {}

    static String format(String format, ZonedDateTime now, Budget budget) {
        Budget.Text out = budget.newText();
        for (int i = 0; i < format.length(); i++) {
            char c = format.charAt(i);
            if (c != '%') {
                out.append(c);
                continue;
            }
            budget.steps(200); // names of days and months are looked up each time
            int start = i++;
            char flag = i < format.length() && "-_0^#".indexOf(format.charAt(i)) >= 0 ? format.charAt(i++) : 0;
            if (i >= format.length()) {
                throw unknown(format.substring(start));
            }
            String text = field(format.charAt(i), now, budget);
            if (text == null || flag == '#') {
                throw unknown(format.substring(start, i + 1));
            }
            out.append(flagged(text, flag));
        }
        return out.toString();
    }

    private static String flagged(String text, char flag) {
        int zeros = 0;
        while (zeros < text.length() - 1
                && (text.charAt(zeros) == '0' || text.charAt(zeros) == ' ')
                && Character.digit(text.charAt(zeros + 1), 10) >= 0) {
            zeros++;
        }
        return switch (flag) {
            case '-' -> text.substring(zeros);
            case '_' -> " ".repeat(zeros) + text.substring(zeros);
            case '0' -> "0".repeat(zeros) + text.substring(zeros);
            case '^' -> text.toUpperCase(Locale.ROOT);
            default -> text;
        };
    }

    private static JinjaException unknown(String directive) {
        return JinjaException.of("The template uses an unknown date format.", "format", directive);
    }

    private static @Nullable String field(char directive, ZonedDateTime now, Budget budget) {
        return switch (directive) {
            case 'Y' -> String.valueOf(now.getYear());
            case 'C' -> two(now.getYear() / 100);
            case 'y' -> two(Math.floorMod(now.getYear(), 100));
            case 'm' -> two(now.getMonthValue());
            case 'd' -> two(now.getDayOfMonth());
            case 'e' -> spaced(now.getDayOfMonth());
            case 'H' -> two(now.getHour());
            case 'k' -> spaced(now.getHour());
            case 'I' -> two((now.getHour() + 11) % 12 + 1);
            case 'l' -> spaced((now.getHour() + 11) % 12 + 1);
            case 'M' -> two(now.getMinute());
            case 'S' -> two(now.getSecond());
            case 'f' -> String.format(Locale.ROOT, "%06d", now.getNano() / 1000);
            case 'j' -> String.format(Locale.ROOT, "%03d", now.getDayOfYear());
            case 'p' -> now.getHour() < 12 ? "AM" : "PM";
            case 'P' -> now.getHour() < 12 ? "am" : "pm";
            case 'a' -> named("EEE", now);
            case 'A' -> named("EEEE", now);
            case 'b', 'h' -> named("MMM", now);
            case 'B' -> named("MMMM", now);
            case 'u' -> String.valueOf(now.getDayOfWeek().getValue());
            case 'w' -> String.valueOf(now.getDayOfWeek().getValue() % 7);
            case 'V' -> two(now.get(IsoFields.WEEK_OF_WEEK_BASED_YEAR));
            case 'G' -> String.valueOf(now.get(IsoFields.WEEK_BASED_YEAR));
            case 'g' -> two(Math.floorMod(now.get(IsoFields.WEEK_BASED_YEAR), 100));
            case 'U' -> two((now.getDayOfYear() + 6 - now.getDayOfWeek().getValue() % 7) / 7);
            case 'W' -> two((now.getDayOfYear() + 6 - (now.getDayOfWeek().getValue() + 6) % 7) / 7);
            case 's' -> String.valueOf(now.truncatedTo(ChronoUnit.SECONDS).toEpochSecond());
            case 'F' -> format("%Y-%m-%d", now, budget);
            case 'D', 'x' -> format("%m/%d/%y", now, budget);
            case 'T', 'X' -> format("%H:%M:%S", now, budget);
            case 'R' -> format("%H:%M", now, budget);
            case 'r' -> format("%I:%M:%S %p", now, budget);
            case 'c' -> format("%a %b %e %H:%M:%S %Y", now, budget);
            case 'n' -> "\n";
            case 't' -> "\t";
            case '%' -> "%";
            case 'z', 'Z' -> {
                // In transformers the time has no zone, and a missing zone is printed as nothing.
                yield "";
            }
            default -> null;
        };
    }

    private static String two(int number) {
        return String.format(Locale.ROOT, "%02d", number);
    }

    private static String spaced(int number) {
        return String.format(Locale.ROOT, "%2d", number);
    }

    private static String named(String pattern, ZonedDateTime now) {
        return DateTimeFormatter.ofPattern(pattern, Locale.US).format(now);
    }
}
