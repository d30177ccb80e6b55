package dev.pintle.bench;

import dev.pintle.base.Problem;
import dev.pintle.model.LanguageModel;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Engine;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code pintle bench steer}. */
@Command(
        name = "steer",
        mixinStandardHelpOptions = true,
        description = "What steering adds to decoding: one layer, all layers, and a vector of its own for each row.")
final class BenchSteerCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Mixin
    private BenchModelOptions model = new BenchModelOptions();

    @Option(
            names = "--rows",
            defaultValue = "256",
            paramLabel = "N",
            description = "Rows that share a vector, and then have one each. Default: ${DEFAULT-VALUE}.")
    private int rows = 256;

    @Override
    public Integer call() {
        if (rows < 1) {
            throw Problem.of("There are no rows to steer.").fact("--rows", rows).toIllegalArgument();
        }
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        try (LanguageModel loaded = model.load()) {
            out.printf("%s, %s on %s%n", loaded.id(), loaded.dtype(), loaded.device());
            out.printf("libtorch %s, %s, %d threads%n%n", Engine.version(), Engine.cpuCapability(), Engine.threads());
            if (!loaded.device().equals(Device.CPU)) {
                onGpu(out, loaded);
                return 0;
            }
            out.println("| layers steered | ms a token | slower by | ms in the additions | share |");
            out.println("| ---: | ---: | ---: | ---: | ---: |");
            List<SteerBench.Layers> layers = SteerBench.layers(loaded);
            for (SteerBench.Layers f : layers) {
                out.printf(
                        Locale.ROOT,
                        "| %d | %.2f | %.2f%% | %.3f | %.2f%% |%n",
                        f.layers(),
                        f.seconds() * 1e3,
                        100 * (f.seconds() / layers.get(0).seconds() - 1),
                        f.insideSeconds() * 1e3,
                        100 * f.insideSeconds() / f.seconds());
            }
            out.println();
            out.println("| rows | vectors | ms a token of all rows | against one vector |");
            out.println("| ---: | ---: | ---: | ---: |");
            out.flush();
            List<SteerBench.Rows> batches = SteerBench.rows(loaded, rows);
            for (SteerBench.Rows f : batches) {
                out.printf(
                        Locale.ROOT,
                        "| %d | %d | %.2f | %.1f%% |%n",
                        f.rows(),
                        f.vectors(),
                        f.seconds() * 1e3,
                        100 * f.seconds() / batches.get(0).seconds());
            }
        }
        return 0;
    }

    private void onGpu(PrintWriter out, LanguageModel model) {
        GpuSteerBench bench = new GpuSteerBench(model);
        out.printf("| decoding, prompts of %d tokens | ms a token | tokens/s | slower by |%n", bench.promptTokens());
        out.println("| --- | ---: | ---: | ---: |");
        out.flush();
        bench.run(rows, f -> {
            out.printf(
                    Locale.ROOT,
                    "| %s | %.3f | %.1f | %.2f%% |%n",
                    f.what(),
                    f.seconds() * 1e3,
                    f.tokensPerSecond(),
                    100 * (f.beside() - 1));
            out.flush();
        });
    }
}
