package dev.pintle.tensor;

import dev.pintle.base.Problem;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Human-readable memory sizes: {@code 22GB}, {@code 20.5GiB}, {@code 512MB}. */
final class ByteCount {
    private static final Pattern FORM = Pattern.compile("(\\d{1,9}(?:\\.\\d{1,3})?)\\s*(GB|GIB|MB|MIB)");
    private static final Map<String, Long> UNITS =
            Map.of("GB", 1_000_000_000L, "GIB", 1L << 30, "MB", 1_000_000L, "MIB", 1L << 20);

    private ByteCount() {}

    /**
     * @param name name of the setting, for errors
     * @throws dev.pintle.base.PintleException listing the accepted forms
     */
    static long parse(String name, String text) {
        Matcher matcher = FORM.matcher(text.strip().toUpperCase(Locale.ROOT));
        if (!matcher.matches()) {
            throw Problem.of(name + " is not a valid amount of memory.")
                    .fact("expected", "a number with its unit: 22GB, 20.5GiB, 8000MB")
                    .fact("but was", text)
                    .toException();
        }
        return (long) (Double.parseDouble(matcher.group(1)) * UNITS.getOrDefault(matcher.group(2), 1L));
    }
}
