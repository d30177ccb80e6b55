package dev.pintle.figure;

import java.awt.Font;
import java.util.List;
import org.jfree.chart.JFreeChart;
import org.jfree.chart.axis.AxisLocation;
import org.jfree.chart.axis.CategoryAxis;
import org.jfree.chart.axis.NumberAxis;
import org.jfree.chart.plot.CategoryPlot;
import org.jfree.chart.plot.PlotOrientation;
import org.jfree.chart.renderer.category.BarRenderer;
import org.jfree.chart.renderer.category.StandardBarPainter;
import org.jfree.chart.ui.RectangleInsets;
import org.jfree.data.category.DefaultCategoryDataset;

/**
 * Named amounts as horizontal bars.
 *
 * @param title what is shown
 * @param description the same in words
 * @param x label of the horizontal axis, with its unit
 * @param bars from the top
 */
public record BarFigure(String title, String description, String x, List<Bar> bars) implements ChartFigure {
    /** One bar. */
    public record Bar(String name, double value) {}

    @Override
    public int height() {
        return 110 + 26 * bars.size();
    }

    @Override
    public JFreeChart chart(Theme theme) {
        DefaultCategoryDataset data = new DefaultCategoryDataset();
        for (Bar bar : bars) {
            data.addValue(bar.value(), "value", bar.name());
        }
        BarRenderer renderer = new BarRenderer();
        renderer.setBarPainter(new StandardBarPainter());
        renderer.setShadowVisible(false);
        renderer.setSeriesPaint(0, theme.series(0));
        renderer.setMaximumBarWidth(0.6 / Math.max(1, bars.size()));
        CategoryAxis names = new CategoryAxis();
        theme.dress(names);
        names.setTickLabelFont(Theme.font(Font.PLAIN, 12));
        names.setMaximumCategoryLabelWidthRatio(0.6f);
        names.setMaximumCategoryLabelLines(1);
        names.setCategoryMargin(0.25);
        names.setTickLabelInsets(new RectangleInsets(2, 4, 2, 8));
        NumberAxis amounts = new NumberAxis(x);
        theme.dress(amounts);
        CategoryPlot plot = new CategoryPlot(data, names, amounts, renderer);
        plot.setOrientation(PlotOrientation.HORIZONTAL);
        plot.setRangeAxisLocation(AxisLocation.BOTTOM_OR_LEFT);
        return theme.chart(title, plot, false);
    }
}
