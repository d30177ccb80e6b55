package dev.pintle.figure;

import java.awt.geom.Ellipse2D;
import java.text.NumberFormat;
import java.util.List;
import java.util.Locale;
import org.jfree.chart.JFreeChart;
import org.jfree.chart.axis.LogAxis;
import org.jfree.chart.axis.NumberAxis;
import org.jfree.chart.axis.NumberTickUnit;
import org.jfree.chart.axis.ValueAxis;
import org.jfree.chart.plot.XYPlot;
import org.jfree.chart.renderer.xy.DeviationRenderer;
import org.jfree.data.xy.YIntervalSeries;
import org.jfree.data.xy.YIntervalSeriesCollection;

/**
 * A measure over a setting, with confidence intervals.
 *
 * @param title what is shown
 * @param description the same in words
 * @param x label of the horizontal axis, with its unit
 * @param y the vertical axis
 * @param curves one per method
 * @param markers settings to name
 */
public record SweepFigure(
        String title, String description, String x, LineFigure.Scale y, List<Curve> curves, List<Marker> markers)
        implements ChartFigure {
    /**
     * One curve.
     *
     * @param x one value per point
     * @param y one value per point; NaN leaves it out
     * @param low lower end of each interval
     * @param high upper end
     */
    public record Curve(String name, double[] x, double[] y, double[] low, double[] high) {}

    @Override
    public JFreeChart chart(Theme theme) {
        YIntervalSeriesCollection data = new YIntervalSeriesCollection();
        DeviationRenderer renderer = new DeviationRenderer(true, true);
        renderer.setAlpha(curves.size() > 2 ? 0.1f : 0.22f); // bands of many curves lie on each other
        for (int i = 0; i < curves.size(); i++) {
            Curve curve = curves.get(i);
            YIntervalSeries series = new YIntervalSeries(curve.name());
            for (int p = 0; p < curve.x().length; p++) {
                if (Double.isFinite(curve.y()[p])) {
                    double low = Double.isFinite(curve.low()[p]) ? curve.low()[p] : curve.y()[p];
                    double high = Double.isFinite(curve.high()[p]) ? curve.high()[p] : curve.y()[p];
                    series.add(curve.x()[p], curve.y()[p], low, high);
                }
            }
            data.addSeries(series);
            renderer.setSeriesPaint(i, theme.series(i));
            renderer.setSeriesFillPaint(i, theme.series(i));
            renderer.setSeriesStroke(i, Theme.stroke(i));
            renderer.setSeriesShape(i, new Ellipse2D.Double(-3.5, -3.5, 7, 7));
        }
        renderer.setLegendLine(Theme.LEGEND_LINE);
        NumberAxis domain = Axes.numbers(x, theme);
        XYPlot plot = new XYPlot(data, domain, range(theme), renderer);
        double low = curves.stream().mapToDouble(c -> Axes.min(c.x())).min().orElse(0);
        double high = curves.stream().mapToDouble(c -> Axes.max(c.x())).max().orElse(1);
        Axes.mark(plot, markers, (low + high) / 2, theme);
        return theme.chart(title, plot, curves.size() > 1);
    }

    private ValueAxis range(Theme theme) {
        if (y.logarithmic()) {
            LogAxis axis = new LogAxis(y.label());
            axis.setBase(10);
            axis.setSmallestValue(1e-6);
            axis.setTickUnit(new NumberTickUnit(1));
            axis.setNumberFormatOverride(NumberFormat.getInstance(Locale.ROOT));
            theme.dress(axis);
            axis.setUpperMargin(0.06 + Axes.HEADROOM * markers.size());
            return axis;
        }
        NumberAxis axis = Axes.numbers(y.label(), theme);
        if (Double.isFinite(y.from())) {
            double reach = y.to() - y.from();
            axis.setRange(y.from() - 0.02 * reach, y.to() + (0.03 + Axes.HEADROOM * markers.size()) * reach);
            axis.setTickUnit(new NumberTickUnit(reach / 5));
        } else {
            axis.setUpperMargin(0.04 + Axes.HEADROOM * markers.size());
        }
        return axis;
    }
}
