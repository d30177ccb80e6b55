package dev.pintle.base;

/** Text in HTML. */
public final class HtmlText {
    private HtmlText() {}

    /** Text with {@code & < > "} escaped, so that a page shows it as it is, in elements and in quoted attributes. */
    public static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }
}
