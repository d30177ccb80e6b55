package dev.pintle.figure;

import java.util.List;
import org.jfree.chart.JFreeChart;
import org.jfree.chart.axis.NumberAxis;
import org.jfree.chart.plot.DatasetRenderingOrder;
import org.jfree.chart.plot.XYPlot;
import org.jfree.chart.renderer.xy.XYAreaRenderer;
import org.jfree.chart.renderer.xy.XYLineAndShapeRenderer;
import org.jfree.data.xy.DefaultXYDataset;

/**
 * How values of several kinds are spread: histograms of area 1, one over the other.
 *
 * @param title what is shown
 * @param description the same in words
 * @param x label of the horizontal axis, with its unit
 * @param bins how many, common to all
 * @param samples the values; infinite ones and NaN are left out
 * @param markers values to name
 */
public record DensityFigure(
        String title, String description, String x, int bins, List<Sample> samples, List<Marker> markers)
        implements ChartFigure {
    /** Values of one kind. */
    public record Sample(String name, double[] values) {}

    @Override
    public JFreeChart chart(Theme theme) {
        Bins common = Bins.over(bins, samples.stream().map(Sample::values).toList());
        DefaultXYDataset areas = new DefaultXYDataset();
        DefaultXYDataset lines = new DefaultXYDataset();
        XYAreaRenderer filled = new XYAreaRenderer(XYAreaRenderer.AREA);
        XYLineAndShapeRenderer outlined = new XYLineAndShapeRenderer(true, false);
        for (int i = 0; i < samples.size(); i++) {
            Sample sample = samples.get(i);
            double[][] outline = common.outline(common.densities(sample.values()));
            areas.addSeries(sample.name(), outline);
            lines.addSeries(sample.name(), outline);
            filled.setSeriesPaint(i, theme.tint(i, 60));
            filled.setSeriesVisibleInLegend(i, false);
            outlined.setSeriesPaint(i, theme.series(i));
            outlined.setSeriesStroke(i, Theme.stroke(i));
        }
        outlined.setLegendLine(Theme.LEGEND_LINE);
        NumberAxis domain = Axes.numbers(x, theme);
        NumberAxis range = Axes.numbers("density", theme);
        range.setLowerMargin(0);
        range.setUpperMargin(0.04 + Axes.HEADROOM * markers.size());
        range.setAutoRangeIncludesZero(true);
        XYPlot plot = new XYPlot(areas, domain, range, filled);
        plot.setDataset(1, lines);
        plot.setRenderer(1, outlined);
        plot.setDatasetRenderingOrder(DatasetRenderingOrder.FORWARD);
        Axes.mark(plot, markers, common.from() + common.count() * common.width() / 2, theme);
        return theme.chart(title, plot, samples.size() > 1);
    }
}
