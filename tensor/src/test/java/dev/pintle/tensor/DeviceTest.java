package dev.pintle.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.pintle.base.PintleException;
import org.junit.jupiter.api.Test;

class DeviceTest {
    @Test
    void names_are_read_as_they_are_written() {
        for (Device device : new Device[] {Device.CPU, Device.cuda(0), Device.cuda(12)}) {
            assertThat(Device.parse(device.toString())).isEqualTo(device);
        }
        assertThat(Device.parse("cuda")).isEqualTo(Device.cuda(0));
        assertThat(Device.parse("best")).isEqualTo(Device.best());
        assertThatThrownBy(() -> Device.parse("gpu")).hasMessage("""
                        There is no such device.
                          but was: gpu
                          choose:  cpu, cuda, cuda:N, best""");
    }

    @Test
    void a_gpu_that_is_not_there_is_refused_with_the_reason() {
        assumeFalse(Engine.cudaAvailable(), "skipped: there is a GPU");
        try (TensorScope scope = TensorScope.open("test")) {
            assertThatThrownBy(() -> Tensor.zeros(DType.FP32, Device.cuda(1), 2))
                    .isInstanceOf(PintleException.class)
                    .hasMessage("This device cannot be used.\n  device: cuda:1\n  GPUs:   " + Engine.gpu()
                            + "\n  try:    --device best, or --device cpu");
        }
    }
}
