package dev.pintle.figure;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;

class FigureTest {
    private final LineFigure lines = new LineFigure(
            "Style over strength",
            "Share of answers in style.",
            "strength",
            LineFigure.Scale.share("share of answers"),
            List.of(
                    new LineFigure.Series("one", new double[] {0, 1, 2}, new double[] {0, 1, 0.5}),
                    new LineFigure.Series("two", new double[] {0, 1, 2}, new double[] {0, 0.4, Double.NaN})));
    private final BarFigure bars =
            new BarFigure("Latents", "The largest.", "activation", List.of(new BarFigure.Bar("933 <token>", 9.8)));

    @Test
    void an_svg_keeps_its_text_as_text() {
        assertThat(lines.toSvg(Theme.LIGHT))
                .startsWith("<svg viewBox=\"0 0 760 440\" ")
                .contains(">Style over strength</text")
                .contains(">share of answers</text");
        assertThat(bars.toSvg(Theme.DARK)).contains("933 &lt;token");
    }

    @Test
    void a_png_has_two_pixels_a_css_pixel() throws IOException {
        var image = ImageIO.read(new ByteArrayInputStream(lines.toPng(Theme.DARK)));
        assertThat(image.getWidth()).isEqualTo(1520);
        assertThat(image.getHeight()).isEqualTo(880);
    }

    @Test
    void the_same_figure_gives_the_same_svg() {
        assertThat(lines.toSvg(Theme.LIGHT)).isEqualTo(lines.toSvg(Theme.LIGHT));
    }
}
