package dev.pintle.base;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import org.junit.jupiter.api.Test;

class BoundedStreamTest {
    private static BoundedStream of(int bytes, long most) {
        return new BoundedStream(
                new ByteArrayInputStream(new byte[bytes]), most, () -> new IOException("more than " + most));
    }

    @Test
    void a_stream_within_its_bound_is_read_to_its_end() throws IOException {
        try (BoundedStream stream = of(20_000, 20_000)) {
            assertThat(stream.skip(9_000)).isEqualTo(8192);
            assertThat(stream.readAllBytes()).hasSize(20_000 - 8192);
            assertThat(stream.read()).isEqualTo(-1);
        }
    }

    @Test
    void the_first_byte_beyond_the_bound_fails_however_it_is_read() throws IOException {
        try (BoundedStream stream = of(11, 10)) {
            assertThatThrownBy(stream::readAllBytes)
                    .isInstanceOf(IOException.class)
                    .hasMessage("more than 10");
        }
        try (BoundedStream stream = of(11, 10)) {
            assertThat(stream.readNBytes(10)).hasSize(10);
            assertThatThrownBy(stream::read).hasMessage("more than 10");
        }
        try (BoundedStream stream = of(11, 10)) {
            assertThatThrownBy(() -> stream.skip(100)).hasMessage("more than 10");
        }
    }
}
