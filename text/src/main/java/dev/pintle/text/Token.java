package dev.pintle.text;

import org.jspecify.annotations.Nullable;

/**
 * A token in a text.
 *
 * @param id its id in the vocabulary
 * @param text the characters it covers; a token that covers none, such as an added BOS token, has its own name. If
 *     several tokens make up one character, each of them has that character
 * @param span its position in the text, or null if it was added to it
 */
public record Token(int id, String text, @Nullable Span span) {
    /** A range of UTF-16 indices, as in {@link String#substring}: {@code start} inclusive, {@code end} exclusive. */
    public record Span(int start, int end) {}
}
