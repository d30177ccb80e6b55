package dev.pintle.report;

import com.fasterxml.jackson.databind.JsonNode;
import dev.pintle.base.HtmlText;
import dev.pintle.base.PintleException;
import dev.pintle.figure.Figure;
import dev.pintle.figure.Theme;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Locale;

/** The frame of a page: title, style, figures in both themes, and the numbers behind them as JSON. */
final class Page {
    private static final int MOST_SVG = 100_000;
    private static final double READABLE = 0.9; // how far a figure may shrink on a narrow screen before it scrolls

    private Page() {}

    /**
     * A whole document.
     *
     * @param data written into the page as JSON
     */
    static String of(String title, String body, JsonNode data) {
        return """
                <!doctype html>
                <html lang="en">
                <head>
                <meta charset="utf-8">
                <meta name="viewport" content="width=device-width, initial-scale=1">
                <meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
                <meta name="color-scheme" content="light dark">
                <link rel="icon" href="data:,">
                <title>%s</title>
                <style>
                %s</style>
                </head>
                <body>
                %s<script type="application/json" id="numbers">
                %s
                </script>
                </body>
                </html>
                """.formatted(HtmlText.escape(title), style(), body, embedded(data));
    }

    // a "<" in a text could end the element that holds the numbers
    private static String embedded(JsonNode data) {
        return data.toString().replace("<", "\\u003c");
    }

    /**
     * A figure in both themes, of which the reader's setting shows one; only its description where Java cannot draw.
     *
     * @param id that no other figure of the page has
     */
    static String figure(Figure figure, String id) {
        try {
            return "<figure>\n" + drawing(figure, Theme.LIGHT, id) + drawing(figure, Theme.DARK, id) + "<figcaption>"
                    + HtmlText.escape(figure.description()) + "</figcaption>\n</figure>\n";
        } catch (PintleException e) {
            return "<figure><pre>"
                    + HtmlText.escape(figure.title() + "\n" + figure.description() + "\n" + e.getMessage())
                    + "</pre></figure>\n";
        }
    }

    private static String drawing(Figure figure, Theme theme, String id) {
        String name = theme.name().toLowerCase(Locale.ROOT);
        String alternative = HtmlText.escape(figure.title() + ". " + figure.description());
        String svg = figure.toInlineSvg(theme, id + name.charAt(0));
        String picture = svg;
        if (svg.length() > MOST_SVG) { // thousands of points are smaller as an image
            String png = Base64.getEncoder().encodeToString(figure.toPng(theme));
            if (png.length() < svg.length()) {
                picture = "<img width=\"" + figure.width() + "\" height=\"" + figure.height() + "\" alt=\""
                        + alternative + "\" src=\"data:image/png;base64," + png + "\">";
            }
        }
        return "<div class=\"drawing " + name + "\" style=\"--least: " + Math.round(READABLE * figure.width()) + "px\">"
                + picture + "</div>\n";
    }

    private static String style() {
        try (InputStream css = Page.class.getResourceAsStream("page.css")) {
            if (css == null) {
                throw new IllegalStateException("page.css is missing from Pintle's own files.");
            }
            return new String(css.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
