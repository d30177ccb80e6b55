package dev.pintle.figure;

import java.awt.Color;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Rectangle2D;
import java.util.List;
import java.util.stream.IntStream;
import org.jfree.chart.JFreeChart;
import org.jfree.chart.axis.AxisLocation;
import org.jfree.chart.axis.NumberAxis;
import org.jfree.chart.plot.XYPlot;
import org.jfree.chart.renderer.xy.XYLineAndShapeRenderer;
import org.jfree.data.xy.DefaultXYDataset;

/**
 * Two quantities along a text, each with an axis of its own.
 *
 * @param title what is shown
 * @param description the same in words
 * @param tokens of the text, as decoded
 * @param left quantity of the left axis
 * @param right quantity of the right axis
 */
public record TwoAxisFigure(String title, String description, List<String> tokens, Side left, Side right)
        implements ChartFigure {
    /**
     * A quantity.
     *
     * @param label with its unit
     * @param values one per token; NaN leaves a gap
     */
    public record Side(String label, double[] values) {}

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
        NumberAxis leftAxis = axis(left, theme, 0);
        NumberAxis rightAxis = axis(right, theme, 1);
        XYPlot plot = new XYPlot(data(left), Axes.tokens(tokens, width() - 140, theme), leftAxis, renderer(theme, 0));
        plot.setDataset(1, data(right));
        plot.setRangeAxis(1, rightAxis);
        plot.setRangeAxisLocation(1, AxisLocation.BOTTOM_OR_RIGHT);
        plot.mapDatasetToRangeAxis(1, 1);
        plot.setRenderer(1, renderer(theme, 1));
        return theme.chart(title, plot, true);
    }

    private static DefaultXYDataset data(Side side) {
        DefaultXYDataset data = new DefaultXYDataset();
        data.addSeries(side.label(), new double[][] {
            IntStream.range(0, side.values().length).asDoubleStream().toArray(), Axes.finite(side.values())
        });
        return data;
    }

    private static NumberAxis axis(Side side, Theme theme, int series) {
        NumberAxis axis = Axes.numbers(side.label(), theme);
        Color color = theme.series(series);
        axis.setLabelPaint(color);
        axis.setTickLabelPaint(color);
        return axis;
    }

    private static XYLineAndShapeRenderer renderer(Theme theme, int series) {
        XYLineAndShapeRenderer renderer = new XYLineAndShapeRenderer(true, true);
        renderer.setSeriesPaint(0, theme.series(series));
        renderer.setSeriesStroke(0, Theme.stroke(series));
        renderer.setSeriesShape(
                0, series == 0 ? new Ellipse2D.Double(-3, -3, 6, 6) : new Rectangle2D.Double(-3, -3, 6, 6));
        renderer.setLegendLine(Theme.LEGEND_LINE);
        return renderer;
    }
}
