package dev.pintle.text;

import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntPredicate;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/** Unicode properties by their names in regular expressions. */
final class RegexProperties {
    private static final Map<String, IntPredicate> KNOWN = new ConcurrentHashMap<>();

    private RegexProperties() {}

    /** The characters with a property, or null if Java does not know the name. */
    static @Nullable IntPredicate of(String name) {
        IntPredicate known = KNOWN.get(name);
        if (known == null && name.matches("\\w{1,40}")) {
            known = compiled("\\p{" + name + "}");
            known = known == null ? compiled("\\p{Is" + name.toLowerCase(Locale.ROOT) + "}") : known;
            if (known != null && KNOWN.size() < 500) {
                KNOWN.put(name, known);
            }
        }
        return known;
    }

    private static @Nullable IntPredicate compiled(String expression) {
        try {
            Pattern pattern = Pattern.compile(expression, Pattern.UNICODE_CHARACTER_CLASS);
            return c -> pattern.matcher(Character.toString(c)).matches();
        } catch (PatternSyntaxException e) {
            return null;
        }
    }
}
