package dev.pintle.cli;

import dev.pintle.bench.ExtractBench;
import dev.pintle.bench.ResidentMemory;
import dev.pintle.hub.ModelFolders;
import dev.pintle.model.LanguageModel;
import dev.pintle.steering.ExtractionReport;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code pintle bench extract}. */
@Command(
        name = "extract",
        mixinStandardHelpOptions = true,
        description = "Fitting a last-position vector from many begun answers, from text to vector.")
final class BenchExtractCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Mixin
    private BenchModelOptions model = new BenchModelOptions();

    @Option(
            names = "--pairs",
            defaultValue = "582",
            paramLabel = "N",
            description = "Pairs. Default: ${DEFAULT-VALUE}.")
    private int pairs = 582;

    @Override
    public Integer call() {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        try (LanguageModel loaded = model.load()) {
            ExtractBench bench = new ExtractBench(
                    loaded,
                    JsonLists.strings(ModelFolders.find(ModelFolders.EMBEDDED).resolve("prefixes.json")),
                    pairs);
            double seconds = bench.seconds();
            ExtractionReport report = bench.fit();
            out.printf("%s, %s on %s, at %s%n", loaded.id(), loaded.dtype(), loaded.device(), bench.at());
            out.printf(Locale.ROOT, "%d pairs from text to vector: %.3f s%n", pairs, seconds);
            out.println("reading: " + report);
            ResidentMemory.peak()
                    .ifPresent(peak -> out.printf(Locale.ROOT, "peak resident memory: %.2f GB%n", peak / 1e9));
        }
        return 0;
    }
}
