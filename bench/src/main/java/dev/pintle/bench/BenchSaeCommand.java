package dev.pintle.bench;

import dev.pintle.base.Problem;
import dev.pintle.model.LanguageModel;
import dev.pintle.model.ModelShape;
import dev.pintle.sae.SparseAutoencoder;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Engine;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code pintle bench sae}. */
@Command(
        name = "sae",
        mixinStandardHelpOptions = true,
        description = {
            "Opening an autoencoder, encoding, and with --shape what steering by latents adds to decoding a token.",
            "The autoencoder is of random numbers, in Goodfire's layout, in a file that is deleted afterwards."
        })
final class BenchSaeCommand implements Callable<Integer> {
    private static final long SEED = 1;

    @Spec
    private @Nullable CommandSpec spec;

    @Option(
            names = "--d-model",
            paramLabel = "N",
            defaultValue = "4096",
            description = "Width (default: ${DEFAULT-VALUE}).")
    private int dModel;

    @Option(
            names = "--d-sae",
            paramLabel = "N",
            defaultValue = "65536",
            description = "Latents (default: ${DEFAULT-VALUE}).")
    private int dSae;

    @Option(
            names = "--tokens",
            paramLabel = "N",
            defaultValue = "512",
            description = "Tokens encoded at once (default: ${DEFAULT-VALUE}).")
    private int tokens;

    @Option(names = "--device", defaultValue = "cpu", paramLabel = "DEVICE", description = "cpu, cuda or best.")
    private String device = "cpu";

    @Option(
            names = "--dtype",
            defaultValue = "fp32,bf16",
            split = ",",
            paramLabel = "DTYPE",
            description = "Dtypes of the matrices (default: ${DEFAULT-VALUE}).")
    private List<String> dtypes = List.of();

    @Option(
            names = "--shape",
            paramLabel = "SHAPE",
            description =
                    "Steer a model of random BF16 weights and this shape: llama-3.1-8b (16 GB) or llama-3.2-1b, whose"
                            + " width --d-model must have.")
    private @Nullable String shape;

    @Override
    public Integer call() throws IOException {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        Device on = Device.parse(device);
        if (dModel < 1 || dSae < 8000 || tokens < 1) {
            throw Problem.of("There is nothing to measure in an autoencoder of this size.")
                    .fact("--d-model", dModel)
                    .fact("--d-sae", dSae + " (8000 at least)")
                    .fact("--tokens", tokens)
                    .toIllegalArgument();
        }
        Path folder = Files.createTempDirectory("pintle-bench");
        Path file = folder.resolve("random-l7.pth");
        try {
            SaeBench.writeRandom(file, dModel, dSae);
            DType fastest = on.equals(Device.CPU) ? DType.FP32 : DType.BF16;
            Ceilings most = Ceilings.measure(on, fastest);
            out.printf(
                    "libtorch %s, %s, %d threads, %s%n",
                    Engine.version(), Engine.cpuCapability(), Engine.threads(), on);
            out.printf(
                    Locale.ROOT,
                    "the machine: copies %.1f GB/s, reads %.1f GB/s, multiplies %s at %.0f GFLOP/s%n",
                    most.copy() / 1e9,
                    most.read() / 1e9,
                    fastest,
                    most.arithmetic() / 1e9);
            out.printf(Locale.ROOT, "%d latents of %d, a file of %.2f GB%n%n", dSae, dModel, Files.size(file) / 1e9);
            encodings(out, file, on, most);
            if (!on.equals(Device.CPU)) {
                out.println("memory of the GPU: " + Engine.gpuMemory(on));
            }
            if (shape != null) {
                steerings(out, file, on, shape);
            }
        } finally {
            Files.deleteIfExists(file);
            Files.deleteIfExists(folder);
        }
        return 0;
    }

    private void encodings(PrintWriter out, Path file, Device on, Ceilings most) {
        out.println("| weights | run | ms | tokens/s | GB/s of the encoder | GFLOP/s | share of the limit |");
        out.println("| --- | --- | ---: | ---: | ---: | ---: | ---: |");
        for (DType dtype : dtypes.stream().map(DType::parse).toList()) {
            double[] open = SaeBench.open(file, on, dtype);
            out.printf(
                    Locale.ROOT,
                    "| %s | open, first time %.0f ms, then | %.1f | | | | |%n",
                    dtype,
                    open[0] * 1e3,
                    open[1] * 1e3);
            try (SparseAutoencoder sae = SparseAutoencoder.load(file, on, dtype)) {
                for (SaeBench.Encoding f : SaeBench.encode(sae, tokens, most)) {
                    out.printf(
                            Locale.ROOT,
                            "| %s | top 32 of %d token%s | %.1f | %.1f | %.1f | %.0f | %.0f%% |%n",
                            dtype,
                            f.tokens(),
                            f.tokens() == 1 ? "" : "s",
                            f.seconds() * 1e3,
                            f.tokens() / f.seconds(),
                            f.bytesPerSecond() / 1e9,
                            f.flops() / 1e9,
                            100 * f.share());
                    out.flush();
                }
            }
        }
    }

    private static void steerings(PrintWriter out, Path file, Device on, String name) {
        ModelShape shape = ModelShape.named(name)
                .orElseThrow(() -> Problem.of("There is no such shape.")
                        .fact("but was", name)
                        .fact("choose", List.of(ModelShape.values()))
                        .toIllegalArgument());
        out.printf("%n| decoding %s, BF16, one row | ms a token | of which steering | share |%n", shape);
        out.println("| --- | ---: | ---: | ---: |");
        out.flush();
        try (LanguageModel model = LanguageModel.random(shape, SEED, on, DType.BF16);
                SparseAutoencoder sae =
                        SparseAutoencoder.load(file, on, DType.FP32).requireFits(model, true)) {
            SaeBench.steer(model, sae, f -> {
                out.printf(
                        Locale.ROOT,
                        "| %s | %.1f | %.3f ms | %.3f%% |%n",
                        f.what(),
                        f.decodeSeconds() * 1e3,
                        f.insideSeconds() * 1e3,
                        100 * f.insideSeconds() / f.decodeSeconds());
                out.flush();
            });
        }
    }
}
