package dev.pintle.steering;

import dev.pintle.text.Role;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The notation for tokens that are read ({@link Positions}) or steered ({@link Tokens}): a word; or {@code from:4},
 * {@code range:4-9}, {@code role:user}. Positions are 0-based, and the end of a range is exclusive.
 */
sealed interface TokenName {
    /** Forms that both accept. */
    String SHARED = "all, last, from:N, range:FROM-TO, role:ROLE";

    /** A single word, not interpreted further. */
    record Word(String word) implements TokenName {}

    /** All tokens from a position on. */
    record From(int first) implements TokenName {}

    /** The tokens from one position to another, exclusive. */
    record Range(int from, int to) implements TokenName {}

    /** The tokens of a role. */
    record OfRole(Role role) implements TokenName {}

    /** @throws IllegalArgumentException listing the roles if it names an unknown one */
    static TokenName parse(String name) {
        Optional<TokenName> range = numbers("range:(\\d{1,7})-(\\d{1,7})", name)
                .map(m -> new Range(Integer.parseInt(m.group(1)), Integer.parseInt(m.group(2))));
        Optional<TokenName> from = numbers("from:(\\d{1,7})", name).map(m -> new From(Integer.parseInt(m.group(1))));
        if (name.startsWith("role:")) {
            return new OfRole(Role.parse(name.substring("role:".length())));
        }
        return range.or(() -> from).orElseGet(() -> new Word(name));
    }

    private static Optional<Matcher> numbers(String pattern, String name) {
        return Optional.of(Pattern.compile(pattern).matcher(name)).filter(Matcher::matches);
    }
}
