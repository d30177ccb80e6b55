package dev.pintle.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.regex.Matcher;
import org.junit.jupiter.api.Test;

class LibTorchTest {
    @Test
    void what_was_wanted_of_which_gpu_is_read_from_what_libtorch_says() {
        Matcher full = LibTorch.GPU_IS_FULL.matcher(
                "CUDA out of memory. Tried to allocate 112.00 MiB. GPU 0 has a total capacity of 79.18 GiB of which 62.73 GiB"
                        + " is free. Process 2047 has 858.00 MiB memory in use.");
        assertThat(full.find()).isTrue();
        assertThat(full.group(1)).isEqualTo("112.00 MiB");
        assertThat(full.group(2)).isEqualTo("0");
    }
}
