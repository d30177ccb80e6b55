package dev.pintle.transformer.gpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class EnvironmentTest {
    @Test
    void recorded_steps_are_switched_on_or_off_and_nothing_else() {
        assertThat(SlotLender.recordsSteps(null)).isTrue();
        assertThat(SlotLender.recordsSteps("on")).isTrue();
        assertThat(SlotLender.recordsSteps("OFF")).isFalse();
        assertThat(SlotLender.recordsSteps("0")).isFalse();
        assertThatThrownBy(() -> SlotLender.recordsSteps("no way"))
                .hasMessage("PINTLE_CUDA_GRAPHS must be on or off.\n  expected: on or off\n  but was:  no way");
    }
}
