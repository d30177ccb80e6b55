package dev.pintle.bench;

import dev.pintle.tensor.Device;
import dev.pintle.tensor.Engine;
import java.util.Arrays;

/** Times an action: some runs to warm up, then the median of several; fewer of what takes long. */
final class Timing {
    private static final int WARMUP = 3;
    private static final int RUNS = 9;
    private static final int FEWEST_RUNS = 3;
    private static final double PATIENCE_SECONDS = 8;
    private static final double GPU_PATIENCE_SECONDS = 1.5; // a GPU that nobody else uses repeats itself within 1%

    private Timing() {}

    /** Median seconds of one run on the processor. */
    static double medianSeconds(Runnable action) {
        return medianSeconds(Device.CPU, action);
    }

    /** Median seconds of one run, which ends when the device has done its work. */
    static double medianSeconds(Device device, Runnable action) {
        double patience = device.equals(Device.CPU) ? PATIENCE_SECONDS : GPU_PATIENCE_SECONDS;
        double first = seconds(device, action);
        for (int i = 1; i < WARMUP && first < patience; i++) {
            first = seconds(device, action);
        }
        int runs = (int) Math.max(FEWEST_RUNS, Math.min(RUNS, patience / first));
        double[] seconds = new double[runs];
        for (int i = 0; i < runs; i++) {
            seconds[i] = seconds(device, action);
        }
        Arrays.sort(seconds);
        return seconds[runs / 2];
    }

    /** Seconds of one run, which ends when the device has done its work. */
    static double seconds(Device device, Runnable action) {
        Engine.synchronize(device);
        long start = System.nanoTime();
        action.run();
        Engine.synchronize(device);
        return (System.nanoTime() - start) / 1e9;
    }
}
