package dev.pintle.bench;

import java.util.Arrays;

/** Times an action: some runs to warm up, then the median of several. */
final class Timing {
    private static final int WARMUP = 3;
    private static final int RUNS = 9;

    private Timing() {}

    /** Median seconds of one run. */
    static double medianSeconds(Runnable action) {
        for (int i = 0; i < WARMUP; i++) {
            action.run();
        }
        double[] seconds = new double[RUNS];
        for (int i = 0; i < RUNS; i++) {
            long start = System.nanoTime();
            action.run();
            seconds[i] = (System.nanoTime() - start) / 1e9;
        }
        Arrays.sort(seconds);
        return seconds[RUNS / 2];
    }
}
