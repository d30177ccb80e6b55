package dev.pintle.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is refused before anything is loaded. */
class ServeCommandTest {
    @ParameterizedTest
    @CsvSource({
        "--slots, 0",
        "--queue, -1",
        "--kv-memory, 0",
        "--kv-memory, 99999999999999",
        "--cache-memory, -3",
        "--port, 99999"
    })
    void a_limit_out_of_range_is_refused_by_its_name(String option, String value, @TempDir Path folder) {
        CommandRun run = CommandRun.of(folder, Map.of(), "serve", option + "=" + value);
        assertThat(run.status()).isNotZero();
        assertThat(run.err()).contains("An option is out of range.", option, "but was:  " + value);
    }
}
