package dev.pintle.figure;

import java.awt.geom.Ellipse2D;
import java.text.NumberFormat;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.jfree.chart.JFreeChart;
import org.jfree.chart.axis.LogAxis;
import org.jfree.chart.axis.NumberAxis;
import org.jfree.chart.axis.NumberTickUnit;
import org.jfree.chart.axis.ValueAxis;
import org.jfree.chart.plot.XYPlot;
import org.jfree.chart.renderer.xy.XYLineAndShapeRenderer;
import org.jfree.data.xy.DefaultXYDataset;

/**
 * Lines over a common axis.
 *
 * @param title what is shown
 * @param description the same in words
 * @param x label of the horizontal axis, with its unit
 * @param y the vertical axis
 * @param series the lines
 */
public record LineFigure(String title, String description, String x, Scale y, List<Series> series)
        implements ChartFigure {
    /**
     * A vertical axis.
     *
     * @param label with its unit
     * @param logarithmic whether equal steps are equal factors
     * @param from lower end; NaN to fit the data
     * @param to upper end; NaN to fit the data
     */
    public record Scale(String label, boolean logarithmic, double from, double to) {
        /** From 0 to 1, for shares. */
        public static Scale share(String label) {
            return new Scale(label, false, 0, 1);
        }

        /** Fitted to the data, logarithmic. */
        public static Scale logarithmic(String label) {
            return new Scale(label, true, Double.NaN, Double.NaN);
        }
    }

    /**
     * One line.
     *
     * @param x one value per point
     * @param y one value per point; NaN leaves a gap
     */
    public record Series(String name, double[] x, double[] y) {}

    @Override
    public JFreeChart chart(Theme theme) {
        DefaultXYDataset data = new DefaultXYDataset();
        XYLineAndShapeRenderer renderer = new XYLineAndShapeRenderer(true, true);
        for (int i = 0; i < series.size(); i++) {
            data.addSeries(
                    series.get(i).name(),
                    new double[][] {series.get(i).x(), series.get(i).y()});
            renderer.setSeriesPaint(i, theme.series(i));
            renderer.setSeriesStroke(i, Theme.stroke(i));
            renderer.setSeriesShape(i, new Ellipse2D.Double(-3, -3, 6, 6));
        }
        renderer.setLegendLine(Theme.LEGEND_LINE);
        NumberAxis domain = new NumberAxis(x);
        theme.dress(domain);
        domain.setTickUnit(new NumberTickUnit(step()));
        domain.setLowerMargin(0.02);
        domain.setUpperMargin(0.02);
        ValueAxis range = range();
        theme.dress(range);
        if (!Double.isNaN(y.from())) {
            range.setRange(y.from(), y.to() + 0.03 * (y.to() - y.from()));
        }
        return theme.chart(title, new XYPlot(data, domain, range, renderer), series.size() > 1);
    }

    /** A step of 1, 2 or 5 times a power of ten that gives about ten ticks. */
    private double step() {
        double low =
                series.stream().flatMapToDouble(s -> Arrays.stream(s.x())).min().orElse(0);
        double high =
                series.stream().flatMapToDouble(s -> Arrays.stream(s.x())).max().orElse(1);
        double rough = Math.max(high - low, 1e-9) / 10;
        double power = Math.pow(10, Math.floor(Math.log10(rough)));
        double mantissa = rough / power;
        return power * (mantissa <= 1 ? 1 : mantissa <= 2 ? 2 : mantissa <= 5 ? 5 : 10);
    }

    private ValueAxis range() {
        if (y.logarithmic()) {
            LogAxis log = new LogAxis(y.label());
            log.setBase(10);
            log.setSmallestValue(1e-6);
            log.setTickUnit(new NumberTickUnit(1)); // whole powers of ten
            log.setNumberFormatOverride(NumberFormat.getInstance(Locale.ROOT));
            return log;
        }
        NumberAxis axis = new NumberAxis(y.label());
        if (!Double.isNaN(y.from())) {
            axis.setTickUnit(new NumberTickUnit((y.to() - y.from()) / 5));
        }
        return axis;
    }
}
