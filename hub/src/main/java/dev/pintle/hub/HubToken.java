package dev.pintle.hub;

import dev.pintle.base.Problem;
import java.util.Objects;

/** An access token, or none. It is sent to the hub only, and never printed. */
public final class HubToken {
    /** No token. */
    public static final HubToken NONE = new HubToken("", "none");

    private final String value;
    private final String source;

    private HubToken(String value, String source) {
        this.value = value;
        this.source = source;
    }

    /**
     * A token.
     *
     * @param value the secret; blank for none
     * @param source where it comes from, such as {@code HF_TOKEN}
     */
    public static HubToken of(String value, String source) {
        String stripped = value.strip();
        if (stripped.isEmpty()) {
            return NONE;
        }
        if (stripped.chars().anyMatch(c -> c <= ' ' || c > '~')) {
            throw Problem.of("The access token contains invalid characters.")
                    .fact("from", source)
                    .fact("expected", "a single line such as hf_…")
                    .toIllegalArgument();
        }
        return new HubToken(stripped, source);
    }

    /** No token, and why. */
    static HubToken none(String why) {
        return new HubToken("", "none: " + why);
    }

    /** Whether there is a token. */
    public boolean isSet() {
        return !value.isEmpty();
    }

    /** The value of the Authorization header. */
    String authorization() {
        return "Bearer " + value;
    }

    /** The text with any occurrence of the secret removed. */
    String hideIn(String text) {
        return isSet() ? text.replace(value, "…") : text;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof HubToken token && token.value.equals(value) && token.source.equals(source);
    }

    @Override
    public int hashCode() {
        return Objects.hash(value, source);
    }

    /** Where it comes from; never the token itself. */
    @Override
    public String toString() {
        return isSet() ? "from " + source : source;
    }
}
