package dev.pintle.notebook;

import java.util.Arrays;
import java.util.Objects;

/**
 * A value as a reader sees it, in up to three forms, of which a notebook shows the richest that it can.
 *
 * @param text plain, always there
 * @param html markup of ours around escaped text; empty where plain text says as much
 * @param png a picture; empty where there is none
 */
public record Rendered(String text, String html, byte[] png) {
    private static final byte[] NO_PICTURE = {};

    /** Plain text alone. */
    public static Rendered text(String text) {
        return new Rendered(text, "", NO_PICTURE);
    }

    /** Text, and the same as markup. */
    public static Rendered html(String text, String html) {
        return new Rendered(text, html, NO_PICTURE);
    }

    /** Whether there is a picture. */
    public boolean hasPicture() {
        return png.length > 0;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Rendered rendered
                && text.equals(rendered.text)
                && html.equals(rendered.html)
                && Arrays.equals(png, rendered.png);
    }

    @Override
    public int hashCode() {
        return Objects.hash(text, html, Arrays.hashCode(png));
    }

    @Override
    public String toString() {
        return text;
    }
}
