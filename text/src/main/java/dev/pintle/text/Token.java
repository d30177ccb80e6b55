package dev.pintle.text;

import org.jspecify.annotations.Nullable;

/**
 * A token in a text.
 *
 * @param id its number in the vocabulary
 * @param text the characters that it covers; a token that covers none, as an added BOS token, has its own name. Where
 *     several tokens make up one character, each of them has that character
 * @param span where it stands in the text, or null when it was added to it
 */
public record Token(int id, String text, @Nullable Span span) {
    /** A piece of a text in UTF-16 indices, as {@link String#substring} counts: from {@code start} up to {@code end}. */
    public record Span(int start, int end) {}
}
