package dev.pintle.bench;

import dev.pintle.base.Json;
import dev.pintle.model.LanguageModel;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Engine;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code pintle bench engine}. */
@Command(
        name = "engine",
        mixinStandardHelpOptions = true,
        description = "Prefill, reading one layer and decoding, beside the machine's own limits.")
final class BenchEngineCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Mixin
    private BenchModelOptions model = new BenchModelOptions();

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Override
    public Integer call() {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        try (LanguageModel loaded = model.load()) {
            List<EngineBench.Figure> figures = new ArrayList<>();
            EngineBench bench = new EngineBench(loaded, json ? figures::add : figure -> print(out, figure));
            if (!json) {
                printHead(out, loaded, bench.ceilings());
            }
            bench.run();
            if (json) {
                out.println(Json.text(record(loaded, bench.ceilings(), figures)));
            } else {
                ResidentMemory.peak()
                        .ifPresent(peak -> out.printf(Locale.ROOT, "%npeak resident memory: %.2f GB%n", peak / 1e9));
                if (!loaded.device().equals(Device.CPU)) {
                    out.println("memory of the GPU: " + Engine.gpuMemory(loaded.device()));
                }
            }
        }
        return 0;
    }

    private static void printHead(PrintWriter out, LanguageModel model, Ceilings most) {
        out.printf("%s, %s on %s%n", model.id(), model.dtype(), model.device());
        out.printf("prompts: %s; decoding: %s%n", model.route(), model.route(List.of()));
        out.printf("libtorch %s, %s, %d threads%n", Engine.version(), Engine.cpuCapability(), Engine.threads());
        out.printf(
                Locale.ROOT,
                "the machine: copies %.1f GB/s, reads %.1f GB/s, multiplies at %.0f GFLOP/s%n%n",
                most.copy() / 1e9,
                most.read() / 1e9,
                most.arithmetic() / 1e9);
        out.println("| run | ms | tokens/s | GB/s of weights | GFLOP/s | share of the limit |");
        out.println("| --- | ---: | ---: | ---: | ---: | ---: |");
        out.flush();
    }

    private static void print(PrintWriter out, EngineBench.Figure f) {
        out.printf(
                Locale.ROOT,
                "| %s | %.1f | %.1f | %.1f | %.0f | %.0f%% |%n",
                f.what(),
                f.seconds() * 1e3,
                f.tokensPerSecond(),
                f.bytesPerSecond() / 1e9,
                f.flops() / 1e9,
                100 * f.share());
        out.flush();
    }

    private static Map<String, Object> record(LanguageModel model, Ceilings most, List<EngineBench.Figure> figures) {
        Map<String, Object> record = new LinkedHashMap<>();
        record.put("model", model.id().toString());
        record.put("dtype", model.dtype().toString());
        record.put("device", model.device().toString());
        record.put("promptRoute", model.route().toString());
        record.put("decodingRoute", model.route(List.of()).toString());
        record.put("libtorch", Engine.version());
        record.put("threads", Engine.threads());
        record.put("ceilings", most);
        record.put("figures", figures);
        ResidentMemory.peak().ifPresent(peak -> record.put("peakResidentBytes", peak));
        return record;
    }
}
