package dev.pintle.figure;

import dev.pintle.base.AtomicFile;
import dev.pintle.base.HtmlText;
import dev.pintle.base.Problem;
import java.awt.Dimension;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Locale;
import java.util.regex.Matcher;
import javax.imageio.ImageIO;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.apache.batik.svggen.SVGGeneratorContext;
import org.apache.batik.svggen.SVGGraphics2D;
import org.w3c.dom.Document;

/** A picture of numbers: a value that can be drawn as SVG and PNG in either theme. */
public sealed interface Figure permits ChartFigure, TokenStrip {
    /** What is shown, as a short sentence. */
    String title();

    /** What a reader who cannot see it should know. */
    String description();

    /** Width in CSS pixels. */
    default int width() {
        return 760;
    }

    /** Height in CSS pixels. */
    default int height() {
        return 440;
    }

    /** Draws it on a canvas of {@link #width} times {@link #height}. */
    void draw(Graphics2D canvas, Theme theme);

    /**
     * As an SVG document whose text stays text.
     *
     * @throws dev.pintle.base.PintleException if Java cannot draw here, for want of fonts
     */
    default String toSvg(Theme theme) {
        return drawn(() -> {
            Document document = DocumentBuilderFactory.newInstance()
                    .newDocumentBuilder()
                    .getDOMImplementation()
                    .createDocument("http://www.w3.org/2000/svg", "svg", null);
            SVGGeneratorContext context = SVGGeneratorContext.createDefault(document);
            context.setComment(null);
            SVGGraphics2D canvas = new SVGGraphics2D(context, false);
            canvas.setSVGCanvasSize(new Dimension(width(), height()));
            draw(canvas, theme);
            StringWriter text = new StringWriter();
            canvas.stream(text, true);
            String svg = text.toString();
            return svg.substring(svg.indexOf("<svg"))
                    .replaceFirst("<svg\\s", "<svg viewBox=\"0 0 " + width() + " " + height() + "\" ");
        });
    }

    /**
     * As an SVG element for a page that holds others: with its description for readers who cannot see it.
     *
     * @param prefix of ids within it, which no other element of the page has: each drawing numbers its clip paths from 1, and
     *     ids are one space in a page
     */
    default String toInlineSvg(Theme theme, String prefix) {
        String label = HtmlText.escape(title() + ". " + description());
        return toSvg(theme)
                .replaceAll("id=\"([^\"]+)\"", "id=\"" + prefix + "$1\"")
                .replaceAll("url\\(#([^)]+)\\)", "url(#" + prefix + "$1)")
                .replaceFirst("<svg ", "<svg role=\"img\" aria-label=\"" + Matcher.quoteReplacement(label) + "\" ");
    }

    /** As a PNG with two pixels a CSS pixel. */
    default byte[] toPng(Theme theme) {
        return drawn(() -> {
            BufferedImage image = new BufferedImage(2 * width(), 2 * height(), BufferedImage.TYPE_INT_RGB);
            Graphics2D canvas = image.createGraphics();
            canvas.scale(2, 2);
            canvas.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
            canvas.setRenderingHint(RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
            draw(canvas, theme);
            canvas.dispose();
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            ImageIO.write(image, "png", bytes);
            return bytes.toByteArray();
        });
    }

    /**
     * Writes it to a file: SVG or PNG, as the name ends.
     *
     * @throws IllegalArgumentException for another ending
     */
    default void write(Path file, Theme theme) {
        String name = String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
        if (name.endsWith(".svg")) {
            AtomicFile.writeText(file, toSvg(theme));
        } else if (name.endsWith(".png")) {
            byte[] png = toPng(theme);
            AtomicFile.write(file, channel -> {
                ByteBuffer bytes = ByteBuffer.wrap(png);
                while (bytes.hasRemaining()) {
                    channel.write(bytes);
                }
            });
        } else {
            throw Problem.of("A figure is written as SVG or PNG.")
                    .fact("expected", "a name that ends in .svg or .png")
                    .fact("but was", file)
                    .toIllegalArgument();
        }
    }

    /** Something that draws. */
    interface Drawing<T> {
        /** Draws it. */
        T draw() throws IOException, ParserConfigurationException;
    }

    private static <T> T drawn(Drawing<T> drawing) {
        try {
            return drawing.draw();
        } catch (IOException | ParserConfigurationException | LinkageError | InternalError | RuntimeException e) {
            throw Problem.of("Java cannot draw figures on this machine.")
                    .fact("cause", e)
                    .fact("try", "installing a font (Debian: fonts-dejavu-core) and fontconfig")
                    .toException(e);
        }
    }
}
