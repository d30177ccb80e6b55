package dev.pintle.figure;

import java.text.DecimalFormat;
import java.text.FieldPosition;
import java.util.Arrays;
import java.util.List;
import org.jfree.chart.JFreeChart;
import org.jfree.chart.axis.AxisLocation;
import org.jfree.chart.axis.NumberAxis;
import org.jfree.chart.axis.NumberTickUnit;
import org.jfree.chart.plot.XYPlot;
import org.jfree.chart.renderer.xy.XYBlockRenderer;
import org.jfree.chart.title.PaintScaleLegend;
import org.jfree.chart.ui.RectangleEdge;
import org.jfree.data.xy.DefaultXYZDataset;

/**
 * Values by layer and token, or by any other row and column, as colours. Values of both signs get two hues that meet at 0.
 *
 * @param title what is shown
 * @param description the same in words
 * @param x label of the horizontal axis; empty where the columns need none
 * @param columns their names, such as the tokens of a text
 * @param y label of the vertical axis: what the rows are
 * @param rows their numbers, such as of layers, from below
 * @param values `[rows, columns]`; NaN leaves a hole
 * @param unit what a value is
 */
public record HeatMap(
        String title,
        String description,
        String x,
        List<String> columns,
        String y,
        int[] rows,
        double[][] values,
        String unit)
        implements ChartFigure {
    /** Values by layer. */
    public HeatMap(
            String title,
            String description,
            String x,
            List<String> columns,
            int[] layers,
            double[][] values,
            String unit) {
        this(title, description, x, columns, "layer", layers, values, unit);
    }

    @Override
    public int width() {
        return Axes.widthFor(columns.size());
    }

    @Override
    public int height() {
        return 150 + Math.max(160, Math.min(560, 26 * rows.length)) + Axes.heightFor(columns);
    }

    @Override
    public JFreeChart chart(Theme theme) {
        int count = rows.length * columns.size();
        double[][] cells = new double[3][count];
        for (int row = 0, i = 0; row < rows.length; row++) {
            for (int t = 0; t < columns.size(); t++) {
                if (Double.isFinite(values[row][t])) {
                    cells[0][i] = t;
                    cells[1][i] = row;
                    cells[2][i++] = values[row][t];
                } else {
                    count--;
                }
            }
        }
        for (int axis = 0; axis < 3; axis++) {
            cells[axis] = Arrays.copyOf(cells[axis], count);
        }
        DefaultXYZDataset data = new DefaultXYZDataset();
        data.addSeries("values", cells);
        Ramp ramp = ramp(cells[2], theme);
        XYBlockRenderer renderer = new XYBlockRenderer();
        renderer.setPaintScale(ramp);
        XYPlot plot = new XYPlot(data, columnAxis(theme), rowAxis(theme), renderer);
        plot.setDomainGridlinesVisible(false);
        plot.setRangeGridlinesVisible(false);
        JFreeChart chart = theme.chart(title, plot, false);
        chart.addSubtitle(scale(ramp, theme));
        return chart;
    }

    private static Ramp ramp(double[] values, Theme theme) {
        double low = Axes.min(values);
        double high = Axes.max(values);
        return low < 0 && high > 0 ? theme.diverging(Math.max(-low, high)) : theme.sequential(low, high);
    }

    private NumberAxis columnAxis(Theme theme) {
        NumberAxis axis = Axes.tokens(columns, width() - 160, theme);
        axis.setLabel(x.isEmpty() ? null : x);
        axis.setVerticalTickLabels(columns.size() * (2 + Axes.heightFor(columns)) > width() - 160);
        return axis;
    }

    private NumberAxis rowAxis(Theme theme) {
        NumberAxis axis = new NumberAxis(y);
        theme.dress(axis);
        axis.setLowerMargin(0);
        axis.setUpperMargin(0);
        axis.setRange(-0.5, rows.length - 0.5);
        int step = (rows.length + 15) / 16;
        axis.setTickUnit(new NumberTickUnit(step, new DecimalFormat("0") {
            private static final long serialVersionUID = 1L;

            @Override
            public StringBuffer format(double row, StringBuffer text, FieldPosition position) {
                int index = (int) Math.round(row);
                return text.append(index >= 0 && index < rows.length ? String.valueOf(rows[index]) : "");
            }
        }));
        return axis;
    }

    private PaintScaleLegend scale(Ramp ramp, Theme theme) {
        NumberAxis axis = Axes.numbers(unit, theme);
        axis.setRange(ramp.from(), ramp.to());
        PaintScaleLegend scale = new PaintScaleLegend(ramp, axis);
        scale.setPosition(RectangleEdge.RIGHT);
        scale.setMargin(30, 10, 20, 4);
        scale.setStripWidth(16);
        scale.setStripOutlineVisible(false);
        scale.setSubdivisionCount(128);
        scale.setAxisLocation(AxisLocation.BOTTOM_OR_RIGHT);
        scale.setBackgroundPaint(theme.ground());
        return scale;
    }
}
