package dev.pintle.web;

/**
 * A key for a service; never shown.
 *
 * @param value "" where there is none
 */
public record Secret(String value) {
    /** No key. */
    public static final Secret NONE = new Secret("");

    /** @throws IllegalArgumentException for characters that no header may hold; the message does not show them */
    public Secret {
        value = value.strip();
        if (value.chars().anyMatch(c -> c <= ' ' || c > '~')) {
            throw new IllegalArgumentException("The key has characters that no key has.");
        }
    }

    /** Whether there is one. */
    public boolean isSet() {
        return !value.isEmpty();
    }

    /** The text with the key, should it occur there, taken out. */
    public String hideIn(String text) {
        return isSet() ? text.replace(value, "…") : text;
    }

    /** Whether there is one; never the key. */
    @Override
    public String toString() {
        return isSet() ? "set" : "none";
    }
}
