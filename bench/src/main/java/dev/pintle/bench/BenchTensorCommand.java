package dev.pintle.bench;

import dev.pintle.tensor.Device;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code pintle bench tensor}. */
@Command(name = "tensor", mixinStandardHelpOptions = true, description = "Linear maps, copy bandwidth and call cost.")
final class BenchTensorCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Option(names = "--device", defaultValue = "cpu", paramLabel = "DEVICE", description = "cpu or cuda.")
    private String device = "cpu";

    @Override
    public Integer call() {
        TensorBench.run(Objects.requireNonNull(spec).commandLine().getOut(), Device.parse(device));
        return 0;
    }
}
