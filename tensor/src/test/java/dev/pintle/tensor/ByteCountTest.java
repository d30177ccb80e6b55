package dev.pintle.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ByteCountTest {
    @ParameterizedTest
    @CsvSource({"22GB, 22000000000", "0.5 GiB, 536870912", "512mb, 512000000", "8MiB, 8388608"})
    void sizes_are_read_as_people_write_them(String text, long bytes) {
        assertThat(ByteCount.parse("PINTLE_GPU_MEMORY", text)).isEqualTo(bytes);
    }

    @Test
    void another_form_is_refused_with_those_that_are_understood() {
        assertThatThrownBy(() -> ByteCount.parse("PINTLE_GPU_MEMORY", "lots"))
                .hasMessage("PINTLE_GPU_MEMORY is not a valid amount of memory.\n"
                        + "  expected: a number with its unit: 22GB, 20.5GiB, 8000MB\n"
                        + "  but was:  lots");
    }
}
