package dev.pintle.figure;

import java.awt.Graphics2D;
import java.awt.geom.Rectangle2D;
import org.jfree.chart.JFreeChart;

/** A figure with axes, drawn by JFreeChart. */
public sealed interface ChartFigure extends Figure
        permits LineFigure,
                BarFigure,
                ScatterFigure,
                DensityFigure,
                HistogramFigure,
                TwoAxisFigure,
                TokenLines,
                HeatMap,
                SweepFigure {
    /** The chart behind it. */
    JFreeChart chart(Theme theme);

    @Override
    default void draw(Graphics2D canvas, Theme theme) {
        chart(theme).draw(canvas, new Rectangle2D.Double(0, 0, width(), height()));
    }
}
