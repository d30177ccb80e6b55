package dev.pintle.figure;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.util.Arrays;
import java.util.List;
import org.jfree.chart.axis.NumberAxis;
import org.jfree.chart.axis.SymbolAxis;
import org.jfree.chart.plot.ValueMarker;
import org.jfree.chart.plot.XYPlot;
import org.jfree.chart.ui.RectangleAnchor;
import org.jfree.chart.ui.RectangleInsets;
import org.jfree.chart.ui.TextAnchor;

/** Axes and markers as all figures have them. */
final class Axes {
    /** Share of the plot that a marker's label takes above the data. */
    static final double HEADROOM = 0.085;

    private static final int LABEL_HEIGHT = 17;

    private Axes() {}

    /** A horizontal or vertical axis of numbers, fitted to the data and not forced to show 0. */
    static NumberAxis numbers(String label, Theme theme) {
        NumberAxis axis = new NumberAxis(label);
        theme.dress(axis);
        axis.setAutoRangeIncludesZero(false);
        axis.setLowerMargin(0.04);
        axis.setUpperMargin(0.04);
        return axis;
    }

    /** A horizontal axis with a token at every whole number, written upwards; of very many tokens only some are named. */
    static SymbolAxis tokens(List<String> tokens, int width, Theme theme) {
        int most = Math.max(1, width / 15);
        int step = (tokens.size() + most - 1) / most;
        String[] names = new String[tokens.size()];
        for (int i = 0; i < names.length; i++) {
            names[i] = i % step == 0 ? TokenText.shown(tokens.get(i)) : "";
        }
        SymbolAxis axis = new SymbolAxis("", names);
        theme.dress(axis);
        axis.setTickLabelFont(Theme.font(Font.PLAIN, tokens.size() > 30 ? 11 : 12));
        axis.setVerticalTickLabels(true);
        axis.setGridBandsVisible(false);
        axis.setLowerMargin(0);
        axis.setUpperMargin(0);
        axis.setRange(-0.5, tokens.size() - 0.5);
        return axis;
    }

    /** Width in which so many tokens can be named. */
    static int widthFor(int tokens) {
        return Math.max(760, Math.min(2400, 210 + 15 * tokens));
    }

    /** Height that the names of tokens take. */
    static int heightFor(List<String> tokens) {
        int longest = tokens.stream()
                .mapToInt(token -> TokenText.shown(token).length())
                .max()
                .orElse(0);
        return 7 * longest;
    }

    /** Draws markers, the labels one below the other so that neighbours do not cover each other. */
    static void mark(XYPlot plot, List<Marker> markers, double middle, Theme theme) {
        for (int i = 0; i < markers.size(); i++) {
            Marker marker = markers.get(i);
            float[][] dashes = {{7, 4}, {2, 4}, {10, 4, 2, 4}};
            ValueMarker line = new ValueMarker(
                    marker.at(),
                    theme.ink(),
                    new BasicStroke(1.5f, BasicStroke.CAP_BUTT, BasicStroke.JOIN_MITER, 1, dashes[i % 3], 0));
            boolean left = marker.at() > middle;
            line.setLabel(marker.label());
            line.setLabelFont(Theme.font(Font.PLAIN, 13));
            line.setLabelPaint(theme.ink());
            line.setLabelBackgroundColor(translucent(theme.ground()));
            line.setLabelAnchor(left ? RectangleAnchor.TOP_LEFT : RectangleAnchor.TOP_RIGHT);
            line.setLabelTextAnchor(left ? TextAnchor.TOP_RIGHT : TextAnchor.TOP_LEFT);
            line.setLabelOffset(new RectangleInsets(4 + LABEL_HEIGHT * i, 6, 4, 6));
            plot.addDomainMarker(line);
        }
    }

    private static Color translucent(Color color) {
        return new Color(color.getRed(), color.getGreen(), color.getBlue(), 200);
    }

    /** The values with a gap for each that is infinite: no axis reaches so far. */
    static double[] finite(double[] values) {
        return Arrays.stream(values)
                .map(value -> Double.isFinite(value) ? value : Double.NaN)
                .toArray();
    }

    static double min(double[] values) {
        return Arrays.stream(values).filter(Double::isFinite).min().orElse(0);
    }

    static double max(double[] values) {
        return Arrays.stream(values).filter(Double::isFinite).max().orElse(1);
    }
}
