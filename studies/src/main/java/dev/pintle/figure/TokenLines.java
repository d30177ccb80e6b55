package dev.pintle.figure;

import java.awt.BasicStroke;
import java.awt.geom.Ellipse2D;
import java.util.List;
import java.util.stream.IntStream;
import org.jfree.chart.JFreeChart;
import org.jfree.chart.axis.NumberAxis;
import org.jfree.chart.plot.ValueMarker;
import org.jfree.chart.plot.XYPlot;
import org.jfree.chart.renderer.xy.XYLineAndShapeRenderer;
import org.jfree.chart.ui.Layer;
import org.jfree.data.xy.DefaultXYDataset;

/**
 * Quantities of one unit along a text.
 *
 * @param title what is shown
 * @param description the same in words
 * @param tokens of the text, as decoded
 * @param y label of the vertical axis, with its unit
 * @param lines the quantities
 * @param level a value to compare with, shown as a line across; NaN for none
 * @param markers tokens to name by their position, such as where somebody begins to speak
 */
public record TokenLines(
        String title,
        String description,
        List<String> tokens,
        String y,
        List<Line> lines,
        double level,
        List<Marker> markers)
        implements ChartFigure {
    /**
     * A quantity.
     *
     * @param values one per token; NaN leaves a gap
     */
    public record Line(String name, double[] values) {}

    @Override
    public int width() {
        return Axes.widthFor(tokens.size());
    }

    @Override
    public int height() {
        return 400 + Axes.heightFor(tokens);
    }

    @Override
    public JFreeChart chart(Theme theme) {
        DefaultXYDataset data = new DefaultXYDataset();
        XYLineAndShapeRenderer renderer = new XYLineAndShapeRenderer(true, true);
        for (int i = 0; i < lines.size(); i++) {
            data.addSeries(lines.get(i).name(), new double[][] {
                IntStream.range(0, tokens.size()).asDoubleStream().toArray(),
                Axes.finite(lines.get(i).values())
            });
            renderer.setSeriesPaint(i, theme.series(i));
            renderer.setSeriesStroke(i, Theme.stroke(i));
            renderer.setSeriesShape(i, new Ellipse2D.Double(-3, -3, 6, 6));
        }
        renderer.setLegendLine(Theme.LEGEND_LINE);
        NumberAxis range = Axes.numbers(y, theme);
        range.setUpperMargin(0.05 + Axes.HEADROOM * markers.size());
        XYPlot plot = new XYPlot(data, Axes.tokens(tokens, width() - 100, theme), range, renderer);
        if (Double.isFinite(level)) {
            plot.addRangeMarker(
                    new ValueMarker(
                            level,
                            theme.ink(),
                            new BasicStroke(
                                    1.2f, BasicStroke.CAP_BUTT, BasicStroke.JOIN_MITER, 1, new float[] {6, 4}, 0)),
                    Layer.BACKGROUND);
        }
        Axes.mark(plot, markers, tokens.size() / 2.0, theme);
        return theme.chart(title, plot, lines.size() > 1);
    }
}
