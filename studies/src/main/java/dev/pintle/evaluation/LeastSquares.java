package dev.pintle.evaluation;

/** Straight lines through points. */
final class LeastSquares {
    private LeastSquares() {}

    /** Slope of the least-squares line of y over x, points whose y is not finite left out; NaN if they determine none. */
    static double slope(double[] x, double[] y) {
        double n = 0;
        double sumX = 0;
        double sumY = 0;
        double sumXx = 0;
        double sumXy = 0;
        for (int i = 0; i < x.length; i++) {
            if (Double.isFinite(y[i])) {
                n++;
                sumX += x[i];
                sumY += y[i];
                sumXx += x[i] * x[i];
                sumXy += x[i] * y[i];
            }
        }
        double spread = n * sumXx - sumX * sumX;
        return n < 2 || spread == 0 ? Double.NaN : (n * sumXy - sumX * sumY) / spread;
    }
}
