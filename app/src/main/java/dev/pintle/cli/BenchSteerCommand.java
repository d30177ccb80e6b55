package dev.pintle.cli;

import dev.pintle.bench.SteerBench;
import dev.pintle.model.LanguageModel;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code pintle bench steer}. */
@Command(
        name = "steer",
        mixinStandardHelpOptions = true,
        description =
                "What steering adds to decoding a token: one row, and batches with one vector or one for each row.")
final class BenchSteerCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Mixin
    private BenchModelOptions model = new BenchModelOptions();

    @Override
    public Integer call() {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        try (LanguageModel loaded = model.load()) {
            SteerBench bench = new SteerBench(loaded);
            out.printf(
                    "%s, %s on %s, prompts of %d tokens%n%n",
                    loaded.id(), loaded.dtype(), loaded.device(), bench.promptTokens());
            out.println("| decoding | ms a token | tokens/s | beside not steered |");
            out.println("| --- | ---: | ---: | ---: |");
            out.flush();
            bench.run(f -> {
                out.printf(
                        Locale.ROOT,
                        "| %s | %.3f | %.1f | %+.2f%% |%n",
                        f.what(),
                        f.seconds() * 1e3,
                        f.tokensPerSecond(),
                        100 * (f.beside() - 1));
                out.flush();
            });
        }
        return 0;
    }
}
