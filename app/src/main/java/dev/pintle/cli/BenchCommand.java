package dev.pintle.cli;

import dev.pintle.bench.SoakBench;
import dev.pintle.bench.StyleBench;
import dev.pintle.bench.TensorBench;
import dev.pintle.evaluation.StyleMarker;
import dev.pintle.hub.ModelFolders;
import dev.pintle.model.HookPoint;
import dev.pintle.model.LanguageModel;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code pintle bench}: figures of this machine. */
@Command(
        name = "bench",
        mixinStandardHelpOptions = true,
        subcommands = {
            BenchEngineCommand.class,
            BenchExtractCommand.class,
            BenchMemoryCommand.class,
            BenchSaeCommand.class,
            BenchSteerCommand.class,
            BenchStudiesCommand.class
        },
        description = "Measures how fast Pintle is on this machine.")
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

    @Command(
            name = "soak",
            mixinStandardHelpOptions = true,
            description = "Memory and handles over many short generations of the embedded model.")
    int soak(
            @Option(names = "--count", defaultValue = "3000", paramLabel = "N", description = "Generations.") int count,
            @Option(
                            names = "--dtype",
                            defaultValue = "fp32",
                            paramLabel = "DTYPE",
                            description = "fp32, bf16, fp16 or fp64.")
                    String dtype) {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        DType as = DType.parse(dtype, DType.MODELS);
        try (LanguageModel model = LanguageModel.load(ModelFolders.EMBEDDED, Device.CPU, as)) {
            out.println("| generations | resident MB | native objects | open files |");
            out.println("| ---: | ---: | ---: | ---: |");
            SoakBench.run(model, count, state -> {
                out.printf(
                        Locale.ROOT,
                        "| %d | %.1f | %d | %d |%n",
                        state.answers(),
                        state.resident() / 1e6,
                        state.nativeObjects(),
                        state.openFiles());
                out.flush();
            });
        }
        return 0;
    }

    @Command(
            name = "styles",
            mixinStandardHelpOptions = true,
            description = "How well each method steers the embedded model toward its thirteen styles; a few minutes.")
    int styles(
            @Option(names = "--layer", defaultValue = "3", paramLabel = "L", description = "Block to read and steer.")
                    int layer) {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        Path folder = ModelFolders.find(ModelFolders.EMBEDDED);
        try (LanguageModel model = LanguageModel.load(ModelFolders.EMBEDDED, Device.CPU, DType.FP32)) {
            out.println("| method | strength | answers in style | that loop | each style at its best |");
            out.println("| --- | ---: | ---: | ---: | ---: |");
            new StyleBench(
                            model,
                            HookPoint.residPost(layer),
                            StyleMarker.read(folder.resolve("styles.json")).values(),
                            JsonLists.strings(folder.resolve("prefixes.json")))
                    .run(score -> {
                        out.printf(
                                Locale.ROOT,
                                "| %s | %.1f | %.0f%% | %.0f%% | %.0f%% |%n",
                                score.method(),
                                score.strength(),
                                100 * score.shows(),
                                100 * score.loops(),
                                100 * score.bestEach());
                        out.flush();
                    });
        }
        return 0;
    }
}
