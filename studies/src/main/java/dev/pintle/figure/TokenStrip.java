package dev.pintle.figure;

import java.awt.Font;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.font.FontRenderContext;
import java.awt.geom.Rectangle2D;
import java.awt.geom.RoundRectangle2D;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A text with every token on a colour that shows its value, wrapped as text is. Values of both signs get two hues.
 *
 * @param title what is shown
 * @param description the same in words
 * @param tokens as decoded
 * @param values one per token; NaN leaves a token uncoloured
 * @param unit what a value is
 */
public record TokenStrip(String title, String description, List<String> tokens, double[] values, String unit)
        implements Figure {
    private static final int MARGIN = 20;
    private static final int TOP = 62;
    private static final int LINE = 30;
    private static final int CHIP = 24;
    private static final int GAP = 2;
    private static final int PAD = 4;

    /** Where a token stands. */
    private record Placed(int token, int x, int line, int width) {}

    @Override
    public int height() {
        List<Placed> placed = placed();
        int lines = placed.isEmpty() ? 1 : placed.get(placed.size() - 1).line() + 1;
        return TOP + LINE * lines + 66;
    }

    private static Font text() {
        return Theme.font(Font.PLAIN, 14);
    }

    private List<Placed> placed() {
        Graphics2D canvas = new BufferedImage(1, 1, BufferedImage.TYPE_INT_RGB).createGraphics();
        FontRenderContext context = canvas.getFontRenderContext();
        canvas.dispose();
        List<Placed> placed = new ArrayList<>();
        int x = MARGIN;
        int line = 0;
        for (int i = 0; i < tokens.size(); i++) {
            double measured = text().getStringBounds(TokenText.shown(tokens.get(i)), context)
                    .getWidth();
            int width = (int) Math.ceil(measured) + 2 * PAD;
            if (x + width > width() - MARGIN && x > MARGIN) {
                x = MARGIN;
                line++;
            }
            placed.add(new Placed(i, x, line, width));
            x += width + GAP;
            if (tokens.get(i).contains("\n")) { // a line break breaks the line here too
                x = MARGIN;
                line++;
            }
        }
        return placed;
    }

    @Override
    public void draw(Graphics2D canvas, Theme theme) {
        canvas.setColor(theme.ground());
        canvas.fill(new Rectangle2D.Double(0, 0, width(), height()));
        canvas.setColor(theme.ink());
        canvas.setFont(Theme.font(Font.BOLD, 17));
        canvas.drawString(title, MARGIN, 34);
        canvas.setFont(text());
        FontMetrics metrics = canvas.getFontMetrics();
        double low = Axes.min(values);
        double high = Axes.max(values);
        Ramp ramp = low < 0 && high > 0
                ? theme.diverging(Math.max(-low, high))
                : theme.sequential(Math.min(0, low), Math.max(0, high));
        for (Placed place : placed()) {
            int y = TOP + LINE * place.line();
            double value = values[place.token()];
            boolean known = Double.isFinite(value);
            if (known) {
                canvas.setColor(ramp.color(value));
                canvas.fill(new RoundRectangle2D.Double(place.x(), y, place.width(), CHIP, 6, 6));
            }
            canvas.setColor(known ? ramp.inkOn(value) : theme.ink());
            int baseline = y + (CHIP - metrics.getHeight()) / 2 + metrics.getAscent();
            canvas.drawString(TokenText.shown(tokens.get(place.token())), place.x() + PAD, baseline);
        }
        key(canvas, theme, ramp);
    }

    private void key(Graphics2D canvas, Theme theme, Ramp ramp) {
        int y = height() - 38;
        int width = 200;
        for (int i = 0; i < width; i++) {
            canvas.setColor(ramp.color(ramp.from() + (ramp.to() - ramp.from()) * i / (width - 1.0)));
            canvas.fill(new Rectangle2D.Double(MARGIN + i, y, 1.5, 12));
        }
        canvas.setFont(Theme.font(Font.PLAIN, 12));
        canvas.setColor(theme.ink());
        canvas.drawString(number(ramp.from()), MARGIN, y + 27);
        String end = number(ramp.to());
        canvas.drawString(end, MARGIN + width - canvas.getFontMetrics().stringWidth(end), y + 27);
        canvas.drawString(unit, MARGIN + width + 14, y + 11);
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, Math.abs(value) >= 100 ? "%.0f" : "%.2f", value);
    }
}
