package dev.pintle.web;

/**
 * A service's API key; never printed.
 *
 * @param value "" for none
 */
public record Secret(String value) {
    /** No key. */
    public static final Secret NONE = new Secret("");

    /**
     * @throws IllegalArgumentException for characters that cannot be in a header; the message does not show them
     */
    public Secret {
        value = value.strip();
        if (value.chars().anyMatch(c -> c <= ' ' || c > '~')) {
            throw new IllegalArgumentException("The key contains invalid characters.");
        }
    }

    /** Whether there is a key. */
    public boolean isSet() {
        return !value.isEmpty();
    }

    /** The text with any occurrence of the key removed. */
    public String hideIn(String text) {
        return isSet() ? text.replace(value, "…") : text;
    }

    /** Whether there is a key; never the key itself. */
    @Override
    public String toString() {
        return isSet() ? "set" : "none";
    }
}
