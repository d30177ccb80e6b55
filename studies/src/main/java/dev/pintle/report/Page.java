package dev.pintle.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.ser.std.ToStringSerializer;
import dev.pintle.figure.Figure;
import dev.pintle.figure.Theme;
import dev.pintle.model.HookPoint;
import dev.pintle.problem.PintleException;
import dev.pintle.tensor.Vec;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.regex.Pattern;

/** The frame of a page: title, style, figures in both themes, and the numbers behind them as JSON. */
final class Page {
    private static final ObjectMapper JSON = new ObjectMapper()
            .enable(SerializationFeature.INDENT_OUTPUT)
            .registerModule(new SimpleModule()
                    .addSerializer(HookPoint.class, ToStringSerializer.instance)
                    .addSerializer(Pattern.class, ToStringSerializer.instance)
                    .addSerializer(Vec.class, new VecSerializer()));

    private Page() {}

    /**
     * A whole document.
     *
     * @param data written into the page as JSON
     */
    static String of(String title, String body, Object data) {
        return """
                <!doctype html>
                <html lang="en">
                <head>
                <meta charset="utf-8">
                <meta name="viewport" content="width=device-width, initial-scale=1">
                <meta name="color-scheme" content="light dark">
                <link rel="icon" href="data:,">
                <title>%s</title>
                <style>
                %s</style>
                </head>
                <body>
                <main>
                %s</main>
                <script type="application/json" id="numbers">
                %s
                </script>
                </body>
                </html>
                """.formatted(Html.escape(title), style(), body, json(data).replace("</", "<\\/"));
    }

    /** The numbers as JSON: vectors as arrays, hook points by name. */
    static String json(Object data) {
        try {
            return JSON.writeValueAsString(data);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A figure in both themes, of which the reader's setting shows one; its description where Java cannot draw. */
    static String figure(Figure figure) {
        try {
            return """
                    <figure role="img" aria-label="%s">
                    <div class="light">%s</div>
                    <div class="dark">%s</div>
                    <figcaption>%s</figcaption>
                    </figure>
                    """.formatted(
                            Html.escape(figure.title()),
                            unique(figure.toSvg(Theme.LIGHT), "l" + id(figure)),
                            unique(figure.toSvg(Theme.DARK), "d" + id(figure)),
                            Html.escape(figure.description()));
        } catch (PintleException e) {
            return "<figure><pre>" + Html.escape(figure.title() + "\n" + figure.description() + "\n" + e.getMessage())
                    + "</pre></figure>\n";
        }
    }

    private static String id(Figure figure) {
        return figure.title().toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "");
    }

    // each drawing numbers its clip paths from 1, but ids are one space in a page
    private static String unique(String svg, String prefix) {
        return svg.replaceAll("id=\"([^\"]+)\"", "id=\"" + prefix + "$1\"")
                .replaceAll("url\\(#([^)]+)\\)", "url(#" + prefix + "$1)");
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
