package dev.pintle.figure;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Shape;
import java.awt.Stroke;
import java.awt.geom.Line2D;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jfree.chart.JFreeChart;
import org.jfree.chart.axis.Axis;
import org.jfree.chart.axis.ValueAxis;
import org.jfree.chart.block.BlockBorder;
import org.jfree.chart.plot.Plot;
import org.jfree.chart.text.TextUtils;
import org.jfree.chart.title.LegendTitle;
import org.jfree.chart.ui.HorizontalAlignment;
import org.jfree.chart.ui.RectangleEdge;
import org.jfree.chart.ui.RectangleInsets;

/** How figures look. Series colours are Okabe and Ito's, which stay apart for colour-blind readers. */
public enum Theme {
    /** Dark ink on white. */
    LIGHT(
            0xFFFFFF,
            0x222222,
            0xE6E6E6,
            new int[] {0x0072B2, 0xD55E00, 0x009E73, 0xCC79A7, 0xE69F00, 0x56B4E9},
            new int[] {0xF7F7F2, 0xC6DBEF, 0x6BAED6, 0x2171B5, 0x08306B},
            new int[] {0x0B4F8A, 0x6BA6D6, 0xF7F7F2, 0xF2A45C, 0xB34400}),
    /** Light ink on near-black. */
    DARK(
            0x15181C,
            0xE6E6E6,
            0x33383F,
            new int[] {0x56B4E9, 0xFF8F3F, 0x2DC99A, 0xE79AC8, 0xF0C050, 0x8AB4F8},
            new int[] {0x1B2026, 0x16406B, 0x1F72B4, 0x56B4E9, 0xD6F0FF},
            new int[] {0x8CCBFF, 0x2B6AA3, 0x1B2026, 0xA85A1B, 0xFFB070});

    static {
        TextUtils.setUseDrawRotatedStringWorkaround(false); // it would draw upright axis labels as outlines
    }

    static final Stroke LINE = new BasicStroke(2.4f, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND);
    static final Shape LEGEND_LINE = new Line2D.Double(-14, 0, 14, 0);
    private static final Stroke HAIRLINE = new BasicStroke(1f);
    private static final String FAMILY = "SansSerif";

    private final Color ground;
    private final Color ink;
    private final Color grid;

    @SuppressWarnings("ImmutableEnumChecker") // an unmodifiable list of colours, which cannot change either
    private final List<Color> series;

    @SuppressWarnings("ImmutableEnumChecker")
    private final List<Color> sequential;

    @SuppressWarnings("ImmutableEnumChecker")
    private final List<Color> diverging;

    Theme(int ground, int ink, int grid, int[] series, int[] sequential, int[] diverging) {
        this.ground = new Color(ground);
        this.ink = new Color(ink);
        this.grid = new Color(grid);
        this.series = colors(series);
        this.sequential = colors(sequential);
        this.diverging = colors(diverging);
    }

    private static List<Color> colors(int[] numbers) {
        return Arrays.stream(numbers).mapToObj(Color::new).toList();
    }

    /**
     * All colours by name, as six hexadecimal digits: {@code ground}, {@code ink}, {@code grid}, {@code series-0} on, and the
     * evenly spaced colours of the scales, {@code sequential-0} and {@code diverging-0} on. What else draws figures takes them
     * from here.
     */
    public Map<String, String> palette() {
        Map<String, String> all = new LinkedHashMap<>();
        all.put("ground", hex(ground));
        all.put("ink", hex(ink));
        all.put("grid", hex(grid));
        putAll(all, "series", series);
        putAll(all, "sequential", sequential);
        putAll(all, "diverging", diverging);
        return all;
    }

    private static void putAll(Map<String, String> all, String name, List<Color> colors) {
        for (int i = 0; i < colors.size(); i++) {
            all.put(name + "-" + i, hex(colors.get(i)));
        }
    }

    private static String hex(Color color) {
        return "%06x".formatted(color.getRGB() & 0xFFFFFF);
    }

    Color ground() {
        return ground;
    }

    Color ink() {
        return ink;
    }

    Color grid() {
        return grid;
    }

    Color series(int index) {
        return series.get(index % series.size());
    }

    /** Colour of a series as a tint through which others can be seen. */
    Color tint(int index, int alpha) {
        Color full = series(index);
        return new Color(full.getRed(), full.getGreen(), full.getBlue(), alpha);
    }

    /** Colours for values from 0 on: from the ground to one strong hue, evenly in lightness. */
    Ramp sequential(double from, double to) {
        return Ramp.of(from, to, sequential);
    }

    /** Colours for signed values: two hues that colour-blind readers tell apart, the ground between them at 0. */
    Ramp diverging(double reach) {
        return Ramp.of(-reach, reach, diverging);
    }

    /** Dash of a series, so that colour is not all that tells series apart. */
    static Stroke stroke(int index) {
        float[][] dashes = {null, {9, 5}, {2, 5}, {12, 4, 2, 4}};
        float[] dash = dashes[index % dashes.length];
        return dash == null ? LINE : new BasicStroke(2.4f, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND, 1, dash, 0);
    }

    static Font font(int style, float size) {
        return new Font(FAMILY, style, 1).deriveFont(size);
    }

    void dress(Axis axis) {
        axis.setLabelFont(font(Font.PLAIN, 14));
        axis.setTickLabelFont(font(Font.PLAIN, 13));
        axis.setLabelPaint(ink);
        axis.setTickLabelPaint(ink);
        axis.setAxisLineVisible(false);
        axis.setTickMarksVisible(false);
        if (axis instanceof ValueAxis value) {
            value.setUpperMargin(0.06);
        }
    }

    JFreeChart chart(String title, Plot plot, boolean legend) {
        plot.setBackgroundPaint(ground);
        plot.setOutlineVisible(false);
        if (plot instanceof org.jfree.chart.plot.XYPlot xy) {
            xy.setDomainGridlinePaint(grid);
            xy.setRangeGridlinePaint(grid);
            xy.setDomainGridlineStroke(HAIRLINE);
            xy.setRangeGridlineStroke(HAIRLINE);
        }
        if (plot instanceof org.jfree.chart.plot.CategoryPlot category) {
            category.setRangeGridlinePaint(grid);
            category.setRangeGridlineStroke(HAIRLINE);
        }
        JFreeChart chart = new JFreeChart(title, font(Font.BOLD, 17), plot, legend);
        chart.setBackgroundPaint(ground);
        chart.setPadding(new RectangleInsets(12, 12, 12, 12));
        chart.getTitle().setPaint(ink);
        chart.getTitle().setHorizontalAlignment(HorizontalAlignment.LEFT);
        chart.getTitle().setPadding(4, 8, 10, 4);
        if (legend) {
            LegendTitle key = chart.getLegend();
            key.setItemLabelPadding(new RectangleInsets(2, 4, 2, 18));
            key.setItemFont(font(Font.PLAIN, 13));
            key.setItemPaint(ink);
            key.setBackgroundPaint(ground);
            key.setFrame(BlockBorder.NONE);
            key.setPosition(RectangleEdge.TOP);
            key.setHorizontalAlignment(HorizontalAlignment.LEFT);
        }
        return chart;
    }
}
