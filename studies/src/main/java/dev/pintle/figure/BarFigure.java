package dev.pintle.figure;

import java.awt.BasicStroke;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.font.FontRenderContext;
import java.awt.geom.Rectangle2D;
import java.util.List;
import org.jfree.chart.ChartRenderingInfo;
import org.jfree.chart.JFreeChart;
import org.jfree.chart.axis.AxisLocation;
import org.jfree.chart.axis.AxisSpace;
import org.jfree.chart.axis.CategoryAxis;
import org.jfree.chart.axis.NumberAxis;
import org.jfree.chart.plot.CategoryPlot;
import org.jfree.chart.plot.PlotOrientation;
import org.jfree.chart.plot.ValueMarker;
import org.jfree.chart.renderer.category.BarRenderer;
import org.jfree.chart.renderer.category.StandardBarPainter;
import org.jfree.chart.ui.RectangleEdge;
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
    private static final Font NAMES = Theme.font(Font.PLAIN, 12);
    private static final FontRenderContext FRACTIONAL = new FontRenderContext(null, true, true);
    private static final double MOST_NAMES = 0.56;
    private static final double GAP = 18;
    private static final float LEFT = 20;

    /** One bar. */
    public record Bar(String name, double value) {}

    @Override
    public int height() {
        return 110 + 26 * bars.size();
    }

    /**
     * The names stand in a column that begins where the title does, so that they are even on every screen: fonts of a browser
     * are not as wide as Java's, and names that were to end at the bars would end anywhere.
     */
    @Override
    public void draw(Graphics2D canvas, Theme theme) {
        JFreeChart chart = chart(theme);
        CategoryPlot plot = (CategoryPlot) chart.getPlot();
        double column = column();
        AxisSpace left = new AxisSpace();
        left.setLeft(column);
        plot.setFixedDomainAxisSpace(left);
        ChartRenderingInfo info = new ChartRenderingInfo();
        chart.draw(canvas, new Rectangle2D.Double(0, 0, width(), height()), info);
        Rectangle2D area = info.getPlotInfo().getDataArea();
        canvas.setFont(NAMES);
        canvas.setPaint(theme.ink());
        for (int i = 0; i < bars.size(); i++) {
            double middle = plot.getDomainAxis().getCategoryMiddle(i, bars.size(), area, RectangleEdge.LEFT);
            canvas.drawString(
                    fitting(bars.get(i).name(), column - GAP), LEFT, (float) (middle + NAMES.getSize2D() * 0.36));
        }
    }

    /** Width of the longest name and a gap, at most a good half of the figure. */
    private double column() {
        double widest =
                bars.stream().mapToDouble(bar -> width(bar.name())).max().orElse(0);
        return Math.min(MOST_NAMES * width(), widest + GAP);
    }

    private static double width(String text) {
        return NAMES.getStringBounds(text, FRACTIONAL).getWidth();
    }

    private static String fitting(String name, double width) {
        if (width(name) <= width) {
            return name;
        }
        String shorter = name;
        while (shorter.length() > 1 && width(shorter + "…") > width) {
            shorter = shorter.substring(0, shorter.offsetByCodePoints(shorter.length(), -1));
        }
        return shorter.stripTrailing() + "…";
    }

    @Override
    public JFreeChart chart(Theme theme) {
        DefaultCategoryDataset data = new DefaultCategoryDataset();
        for (int i = 0; i < bars.size(); i++) {
            data.addValue(bars.get(i).value(), "value", Integer.valueOf(i)); // names may repeat
        }
        BarRenderer renderer = new BarRenderer();
        renderer.setBarPainter(new StandardBarPainter());
        renderer.setShadowVisible(false);
        renderer.setSeriesPaint(0, theme.series(0));
        renderer.setMaximumBarWidth(0.6 / Math.max(1, bars.size()));
        CategoryAxis names = new CategoryAxis();
        theme.dress(names);
        names.setTickLabelsVisible(false);
        names.setCategoryMargin(0.25);
        NumberAxis amounts = new NumberAxis(x);
        theme.dress(amounts);
        CategoryPlot plot = new CategoryPlot(data, names, amounts, renderer);
        plot.setOrientation(PlotOrientation.HORIZONTAL);
        plot.setRangeAxisLocation(AxisLocation.BOTTOM_OR_LEFT);
        if (bars.stream().anyMatch(bar -> bar.value() < 0)) {
            plot.addRangeMarker(new ValueMarker(0, theme.ink(), new BasicStroke(1f)));
        }
        return theme.chart(title, plot, false);
    }
}
