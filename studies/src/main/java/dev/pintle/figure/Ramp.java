package dev.pintle.figure;

import java.awt.Color;
import java.util.List;
import org.jfree.chart.renderer.PaintScale;

/**
 * Colours for numbers: even steps between given ones.
 *
 * @param from value of the first colour
 * @param to value of the last; larger values have its colour too
 */
record Ramp(double from, double to, List<Color> colors) implements PaintScale {
    static Ramp of(double from, double to, List<Color> colors) {
        double end = to > from ? to : from + 1; // one value alone has a scale too
        return new Ramp(from, end, colors);
    }

    Color color(double value) {
        double share = Math.max(0, Math.min(1, (value - from) / (to - from)));
        double at = share * (colors.size() - 1);
        int below = (int) Math.min(colors.size() - 2, Math.floor(at));
        return mixed(colors.get(below), colors.get(below + 1), at - below);
    }

    private static Color mixed(Color a, Color b, double share) {
        return new Color(
                (int) Math.round(a.getRed() + share * (b.getRed() - a.getRed())),
                (int) Math.round(a.getGreen() + share * (b.getGreen() - a.getGreen())),
                (int) Math.round(a.getBlue() + share * (b.getBlue() - a.getBlue())));
    }

    /** Ink that can be read on the colour of a value: black or white, whichever has more contrast (WCAG 2). */
    Color inkOn(double value) {
        Color ground = color(value);
        double luminance = 0.2126 * linear(ground.getRed())
                + 0.7152 * linear(ground.getGreen())
                + 0.0722 * linear(ground.getBlue());
        return luminance > 0.179 ? Color.BLACK : Color.WHITE;
    }

    private static double linear(int channel) {
        double share = channel / 255.0;
        return share <= 0.04045 ? share / 12.92 : Math.pow((share + 0.055) / 1.055, 2.4);
    }

    @Override
    public double getLowerBound() {
        return from;
    }

    @Override
    public double getUpperBound() {
        return to;
    }

    @Override
    public Color getPaint(double value) {
        return color(value);
    }
}
