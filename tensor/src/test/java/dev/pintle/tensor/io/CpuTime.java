package dev.pintle.tensor.io;

import java.lang.management.ManagementFactory;

/** Processor time of this thread: unlike the wall clock it does not count what else a busy machine is doing. */
final class CpuTime {
    private CpuTime() {}

    static long nanos() {
        return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    }
}
