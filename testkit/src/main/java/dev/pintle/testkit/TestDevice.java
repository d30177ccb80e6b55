package dev.pintle.testkit;

import dev.pintle.tensor.Device;

/**
 * Where tests that hold on any device run: on the processor, or where {@code PINTLE_TEST_DEVICE} says. The tolerances are the
 * same on a GPU, where FP32 products are not shortened to TF32.
 */
public final class TestDevice {
    private TestDevice() {}

    /** The device. */
    public static Device current() {
        String name = System.getenv("PINTLE_TEST_DEVICE");
        return name == null ? Device.CPU : Device.parse(name);
    }
}
