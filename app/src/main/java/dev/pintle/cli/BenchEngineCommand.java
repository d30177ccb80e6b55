package dev.pintle.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectWriter;
import dev.pintle.bench.Ceilings;
import dev.pintle.bench.EngineBench;
import dev.pintle.bench.ResidentMemory;
import dev.pintle.hub.ModelFolders;
import dev.pintle.model.LanguageModel;
import dev.pintle.model.ModelShape;
import dev.pintle.problem.Problem;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Engine;
import java.io.PrintWriter;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code pintle bench engine}. */
@Command(
        name = "engine",
        mixinStandardHelpOptions = true,
        description = "Prefill, reading one layer and decoding, beside the machine's own limits.")
final class BenchEngineCommand implements Callable<Integer> {
    private static final ObjectWriter JSON = new ObjectMapper().writerWithDefaultPrettyPrinter();
    private static final long SEED = 1;

    @Spec
    private @Nullable CommandSpec spec;

    @ArgGroup
    private @Nullable Which which;

    @Option(names = "--device", defaultValue = "cpu", paramLabel = "DEVICE", description = "cpu, cuda or best.")
    private String device = "cpu";

    @Option(
            names = "--dtype",
            defaultValue = "bf16",
            paramLabel = "DTYPE",
            description = "fp32, bf16 or fp16. Default: ${DEFAULT-VALUE}.")
    private String dtype = "bf16";

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    /** What to measure. */
    static final class Which {
        @Option(names = "--model", paramLabel = "MODEL", description = "Folder, repository or parley-7m.")
        private @Nullable String model;

        @Option(
                names = "--shape",
                paramLabel = "SHAPE",
                description = "Random weights of a known shape: llama-3.1-8b, llama-3.2-1b or parley-7m.")
        private @Nullable String shape;
    }

    @Override
    public Integer call() throws JsonProcessingException {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        try (LanguageModel model = open(Device.parse(device), DType.parse(dtype))) {
            EngineBench bench = new EngineBench(model);
            if (json) {
                out.println(JSON.writeValueAsString(record(model, bench.ceilings(), bench.run())));
            } else {
                print(out, model, bench);
            }
        }
        return 0;
    }

    private LanguageModel open(Device on, DType as) {
        if (which == null || which.shape == null) {
            String name = which == null || which.model == null ? ModelFolders.EMBEDDED : which.model;
            return LanguageModel.load(name, on, as);
        }
        ModelShape shape = ModelShape.named(which.shape)
                .orElseThrow(() -> Problem.of("There is no such shape.")
                        .fact("but was", which.shape)
                        .fact(
                                "choose",
                                Arrays.stream(ModelShape.values())
                                        .map(ModelShape::toString)
                                        .collect(Collectors.joining(", ")))
                        .toIllegalArgument());
        return LanguageModel.random(shape, SEED, on, as);
    }

    private static void print(PrintWriter out, LanguageModel model, EngineBench bench) {
        Ceilings most = bench.ceilings();
        out.printf("%s, %s on %s%n", model.id(), model.dtype(), model.device());
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
        for (EngineBench.Figure f : bench.run()) {
            out.printf(
                    Locale.ROOT,
                    "| %s | %.1f | %.1f | %.1f | %.0f | %.0f%% |%n",
                    f.what(),
                    f.seconds() * 1e3,
                    f.tokensPerSecond(),
                    f.bytesPerSecond() / 1e9,
                    f.flops() / 1e9,
                    100 * f.share());
        }
        ResidentMemory.peak()
                .ifPresent(peak -> out.printf(Locale.ROOT, "%npeak resident memory: %.2f GB%n", peak / 1e9));
    }

    private static Map<String, Object> record(LanguageModel model, Ceilings most, List<EngineBench.Figure> figures) {
        Map<String, Object> record = new LinkedHashMap<>();
        record.put("model", model.id().toString());
        record.put("dtype", model.dtype().toString());
        record.put("device", model.device().toString());
        record.put("libtorch", Engine.version());
        record.put("threads", Engine.threads());
        record.put("ceilings", most);
        record.put("figures", figures);
        ResidentMemory.peak().ifPresent(peak -> record.put("peakResidentBytes", peak));
        return record;
    }
}
