package dev.pintle.bench;

import dev.pintle.hub.ModelFolders;
import dev.pintle.model.LanguageModel;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code pintle bench soak}. */
@Command(
        name = "soak",
        mixinStandardHelpOptions = true,
        description = "Memory and handles over many short generations of the embedded model.")
final class BenchSoakCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Option(names = "--count", defaultValue = "3000", paramLabel = "N", description = "Generations.")
    private int count = 3000;

    @Option(names = "--dtype", defaultValue = "fp32", paramLabel = "DTYPE", description = "fp32, bf16, fp16 or fp64.")
    private String dtype = "fp32";

    @Override
    public Integer call() {
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
}
