package dev.pintle.bench;

import dev.pintle.base.JsonLists;
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
        description = "Fitting a last-position vector from many answer prefixes, from text to vector.")
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

    @Option(names = "--once", description = "Fit once and report the reading alone.")
    private boolean once;

    @Option(names = "--whole", description = "Also say how long reading every prompt whole would take.")
    private boolean whole;

    @Override
    public Integer call() {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        try (LanguageModel loaded = model.load()) {
            ExtractBench bench = new ExtractBench(
                    loaded, JsonLists.strings(ModelFolders.embedded().resolve("prefixes.json")), pairs);
            double seconds = once ? 0 : bench.seconds();
            ExtractionReport report = bench.fit();
            out.printf("%s, %s on %s, at %s%n", loaded.id(), loaded.dtype(), loaded.device(), bench.at());
            if (!once) {
                out.printf(Locale.ROOT, "%d pairs from text to vector: %.3f s%n", pairs, seconds);
            }
            out.println("reading: " + report);
            out.flush();
            if (whole) {
                out.printf(Locale.ROOT, "every prompt whole would take %.1f s%n", bench.wholeSeconds());
            }
            ResidentMemory.peak()
                    .ifPresent(peak -> out.printf(Locale.ROOT, "peak resident memory: %.2f GB%n", peak / 1e9));
        }
        return 0;
    }
}
