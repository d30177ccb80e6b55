package dev.pintle.figure;

import dev.pintle.problem.Problem;
import java.awt.Dimension;
import java.awt.Graphics2D;
import java.awt.geom.Rectangle2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.StringWriter;
import javax.imageio.ImageIO;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.apache.batik.svggen.SVGGeneratorContext;
import org.apache.batik.svggen.SVGGraphics2D;
import org.jfree.chart.JFreeChart;
import org.w3c.dom.Document;

/** A picture of numbers: a value that can be drawn as SVG and PNG in either theme. */
public sealed interface Figure permits LineFigure, BarFigure {
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

    /** The chart behind it. */
    JFreeChart chart(Theme theme);

    /**
     * As an SVG document whose text stays text.
     *
     * @throws dev.pintle.problem.PintleException if Java cannot draw here, for want of fonts
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
            chart(theme).draw(canvas, new Rectangle2D.Double(0, 0, width(), height()));
            StringWriter text = new StringWriter();
            canvas.stream(text, true);
            String svg = text.toString();
            return svg.substring(svg.indexOf("<svg"))
                    .replaceFirst("<svg\\s", "<svg viewBox=\"0 0 " + width() + " " + height() + "\" ");
        });
    }

    /** As a PNG with two pixels a CSS pixel. */
    default byte[] toPng(Theme theme) {
        return drawn(() -> {
            BufferedImage image = new BufferedImage(2 * width(), 2 * height(), BufferedImage.TYPE_INT_RGB);
            Graphics2D canvas = image.createGraphics();
            canvas.scale(2, 2);
            chart(theme).draw(canvas, new Rectangle2D.Double(0, 0, width(), height()));
            canvas.dispose();
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            ImageIO.write(image, "png", bytes);
            return bytes.toByteArray();
        });
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
