package dev.pintle.figure;

import java.util.List;
import org.jfree.chart.JFreeChart;
import org.jfree.chart.axis.NumberAxis;
import org.jfree.chart.plot.XYPlot;
import org.jfree.chart.renderer.xy.StandardXYBarPainter;
import org.jfree.chart.renderer.xy.XYBarRenderer;
import org.jfree.data.xy.DefaultIntervalXYDataset;

/**
 * A histogram.
 *
 * @param title what is shown
 * @param description the same in words
 * @param x label of the horizontal axis, with its unit
 * @param y label of the vertical axis, such as {@code latents}
 * @param values infinite ones and NaN are left out
 * @param bins how many
 * @param markers values to name
 */
public record HistogramFigure(
        String title, String description, String x, String y, double[] values, int bins, List<Marker> markers)
        implements ChartFigure {
    @Override
    public JFreeChart chart(Theme theme) {
        Bins all = Bins.over(bins, List.of(values));
        double[] counts = all.counts(values);
        double[][] bars = new double[6][bins]; // middle, from, to; height three times
        for (int i = 0; i < bins; i++) {
            bars[1][i] = all.from() + i * all.width();
            bars[2][i] = bars[1][i] + all.width();
            bars[0][i] = (bars[1][i] + bars[2][i]) / 2;
            bars[3][i] = counts[i];
            bars[4][i] = counts[i];
            bars[5][i] = counts[i];
        }
        DefaultIntervalXYDataset data = new DefaultIntervalXYDataset();
        data.addSeries("values", bars);
        XYBarRenderer renderer = new XYBarRenderer(0.06);
        renderer.setBarPainter(new StandardXYBarPainter());
        renderer.setShadowVisible(false);
        renderer.setSeriesPaint(0, theme.series(0));
        NumberAxis range = Axes.numbers(y, theme);
        range.setAutoRangeIncludesZero(true);
        range.setLowerMargin(0);
        range.setUpperMargin(0.04 + Axes.HEADROOM * markers.size());
        range.setStandardTickUnits(NumberAxis.createIntegerTickUnits());
        XYPlot plot = new XYPlot(data, Axes.numbers(x, theme), range, renderer);
        Axes.mark(plot, markers, all.from() + all.width() * bins / 2, theme);
        return theme.chart(title, plot, false);
    }
}
