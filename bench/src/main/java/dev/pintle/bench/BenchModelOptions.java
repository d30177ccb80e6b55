package dev.pintle.bench;

import dev.pintle.base.Problem;
import dev.pintle.cli.HelpSection;
import dev.pintle.hub.ModelFolders;
import dev.pintle.model.LanguageModel;
import dev.pintle.model.ModelShape;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/** Which model a benchmark runs: one that is there, or random weights of a known shape. */
@HelpSection.In(HelpSection.MODEL)
final class BenchModelOptions {
    private static final long SEED = 1;

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

    /** What to measure. */
    @HelpSection.In(HelpSection.MODEL)
    static final class Which {
        @Option(names = "--model", paramLabel = "MODEL", description = "Folder, repository or parley-7m.")
        private @Nullable String model;

        @Option(
                names = "--shape",
                paramLabel = "SHAPE",
                description = "Random weights of a known shape: llama-3.1-8b, llama-3.2-1b, gemma-2-2b or parley-7m.")
        private @Nullable String shape;
    }

    @Option(
            names = "--blocks",
            paramLabel = "FORMAT",
            description = "Quantised format of random weights: Q8_0, Q4_K, Q6_K or Q4_K_M.")
    private @Nullable String blocks;

    /** The model; one with random weights speaks through the embedded model's tokenizer. */
    LanguageModel load() {
        Device on = Device.parse(device);
        DType as = DType.parse(dtype, DType.MODELS);
        if (which == null || which.shape == null) {
            if (blocks != null) {
                throw Problem.of("A model's weights have the format that they are stored in.")
                        .fact("but was", "--blocks " + blocks)
                        .fact("try", "--shape, for random weights")
                        .toIllegalArgument();
            }
            String name = which == null || which.model == null ? ModelFolders.EMBEDDED : which.model;
            return LanguageModel.load(name, on, as);
        }
        String name = which.shape;
        ModelShape shape = ModelShape.named(name)
                .orElseThrow(() -> Problem.of("There is no such shape.")
                        .fact("but was", name)
                        .fact(
                                "choose",
                                Arrays.stream(ModelShape.values())
                                        .map(ModelShape::toString)
                                        .collect(Collectors.joining(", ")))
                        .toIllegalArgument());
        return LanguageModel.random(shape, SEED, on, as, blocks, ModelFolders.embedded());
    }
}
