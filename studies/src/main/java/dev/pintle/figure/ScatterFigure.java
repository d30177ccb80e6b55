package dev.pintle.figure;

import java.awt.BasicStroke;
import java.awt.Font;
import java.awt.Shape;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Path2D;
import java.awt.geom.Rectangle2D;
import java.util.List;
import org.jfree.chart.JFreeChart;
import org.jfree.chart.annotations.XYLineAnnotation;
import org.jfree.chart.annotations.XYTextAnnotation;
import org.jfree.chart.axis.NumberAxis;
import org.jfree.chart.plot.XYPlot;
import org.jfree.chart.renderer.xy.XYLineAndShapeRenderer;
import org.jfree.chart.ui.Layer;
import org.jfree.chart.ui.TextAnchor;
import org.jfree.data.xy.DefaultXYDataset;

/**
 * Points in groups.
 *
 * @param title what is shown
 * @param description the same in words
 * @param x label of the horizontal axis, with its unit
 * @param y label of the vertical axis, with its unit
 * @param groups each with a colour and shape of its own
 * @param diagonal whether a line shows where both coordinates are equal
 */
public record ScatterFigure(String title, String description, String x, String y, List<Group> groups, boolean diagonal)
        implements ChartFigure {
    private static final int MANY = 400;

    /**
     * Points of one kind.
     *
     * @param x one value per point
     * @param y one value per point
     * @param labels of points that are to be named, by place in the lists
     */
    public record Group(String name, double[] x, double[] y, List<PointLabel> labels) {
        /** A group whose points have no names. */
        public Group(String name, double[] x, double[] y) {
            this(name, x, y, List.of());
        }
    }

    /** The name of a point. */
    public record PointLabel(int point, String text) {}

    @Override
    public int height() {
        return 520;
    }

    @Override
    public JFreeChart chart(Theme theme) {
        DefaultXYDataset data = new DefaultXYDataset();
        XYLineAndShapeRenderer renderer = new XYLineAndShapeRenderer(false, true);
        NumberAxis domain = Axes.numbers(x, theme);
        NumberAxis range = Axes.numbers(y, theme);
        XYPlot plot = new XYPlot(data, domain, range, renderer);
        double low = Double.POSITIVE_INFINITY;
        double high = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < groups.size(); i++) {
            Group group = groups.get(i);
            data.addSeries(group.name(), new double[][] {Axes.finite(group.x()), Axes.finite(group.y())});
            renderer.setSeriesShape(i, shape(i, group.x().length > MANY ? 4 : 7));
            renderer.setSeriesPaint(i, theme.tint(i, group.x().length > MANY ? 110 : 200));
            low = Math.min(low, Math.max(Axes.min(group.x()), Axes.min(group.y())));
            high = Math.max(high, Math.min(Axes.max(group.x()), Axes.max(group.y())));
            for (PointLabel label : group.labels()) {
                plot.addAnnotation(name(group, label, theme));
            }
        }
        if (diagonal && low < high) {
            renderer.addAnnotation(
                    new XYLineAnnotation(
                            low,
                            low,
                            high,
                            high,
                            new BasicStroke(
                                    1.2f, BasicStroke.CAP_BUTT, BasicStroke.JOIN_MITER, 1, new float[] {6, 4}, 0),
                            theme.ink()),
                    Layer.BACKGROUND);
        }
        return theme.chart(title, plot, groups.size() > 1);
    }

    private static XYTextAnnotation name(Group group, PointLabel label, Theme theme) {
        XYTextAnnotation text =
                new XYTextAnnotation(" " + label.text() + " ", group.x()[label.point()], group.y()[label.point()]);
        boolean right = group.x()[label.point()] > (Axes.min(group.x()) + Axes.max(group.x())) / 2;
        text.setTextAnchor(right ? TextAnchor.BOTTOM_RIGHT : TextAnchor.BOTTOM_LEFT);
        text.setFont(Theme.font(Font.PLAIN, 12));
        text.setPaint(theme.ink());
        return text;
    }

    private static Shape shape(int group, double size) {
        double half = size / 2;
        return switch (group % 3) {
            case 0 -> new Ellipse2D.Double(-half, -half, size, size);
            case 1 -> new Rectangle2D.Double(-half, -half, size * 0.9, size * 0.9);
            default -> triangle(half);
        };
    }

    private static Shape triangle(double half) {
        Path2D triangle = new Path2D.Double();
        triangle.moveTo(0, -half);
        triangle.lineTo(half, half);
        triangle.lineTo(-half, half);
        triangle.closePath();
        return triangle;
    }
}
