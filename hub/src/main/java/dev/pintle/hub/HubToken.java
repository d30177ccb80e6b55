package dev.pintle.hub;

import dev.pintle.base.Problem;
import java.util.Objects;

/** An access token, or none. It is sent to the hub and to no other host, and is never printed. */
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
     * @param source where it came from, such as {@code HF_TOKEN}
     */
    public static HubToken of(String value, String source) {
        String stripped = value.strip();
        if (stripped.isEmpty()) {
            return NONE;
        }
        if (stripped.chars().anyMatch(c -> c <= ' ' || c > '~')) {
            throw Problem.of("The access token has characters that no token has.")
                    .fact("from", source)
                    .fact("expected", "one line such as hf_…")
                    .toIllegalArgument();
        }
        return new HubToken(stripped, source);
    }

    /** No token, with the reason why. */
    static HubToken none(String why) {
        return new HubToken("", "none: " + why);
    }

    /** Whether there is one. */
    public boolean isSet() {
        return !value.isEmpty();
    }

    /** Value of the Authorization header. */
    String authorization() {
        return "Bearer " + value;
    }

    /** The text with the secret, should it occur there, taken out. */
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

    /** Where it is from; never the token itself. */
    @Override
    public String toString() {
        return isSet() ? "from " + source : source;
    }
}
