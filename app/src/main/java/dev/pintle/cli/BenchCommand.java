package dev.pintle.cli;

import dev.pintle.bench.TensorBench;
import dev.pintle.tensor.Device;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code pintle bench}: figures of this machine. */
@Command(name = "bench", mixinStandardHelpOptions = true, description = "Measures how fast Pintle is on this machine.")
final class BenchCommand {
    @Spec
    private @Nullable CommandSpec spec;

    @Command(
            name = "tensor",
            mixinStandardHelpOptions = true,
            description = "Linear maps, copy bandwidth and call cost.")
    int tensor(
            @Option(names = "--device", defaultValue = "cpu", paramLabel = "DEVICE", description = "cpu or cuda.")
                    String device) {
        TensorBench.run(Objects.requireNonNull(spec).commandLine().getOut(), Device.parse(device));
        return 0;
    }
}
