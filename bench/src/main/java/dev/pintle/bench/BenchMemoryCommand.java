package dev.pintle.bench;

import dev.pintle.model.Decoding;
import dev.pintle.model.Generated;
import dev.pintle.model.LanguageModel;
import dev.pintle.sae.SparseAutoencoder;
import dev.pintle.steering.Add;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Engine;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code pintle bench memory}. */
@Command(
        name = "memory",
        mixinStandardHelpOptions = true,
        description = {
            "The most memory that a model, an autoencoder and the keys and values of a sequence take together.",
            "PINTLE_GPU_MEMORY=22GB makes a GPU as small as that."
        })
final class BenchMemoryCommand implements Callable<Integer> {
    private static final int ENCODED = 512;
    private static final int TOP = 32;

    @Spec
    private @Nullable CommandSpec spec;

    @Mixin
    private BenchModelOptions model = new BenchModelOptions();

    @Option(
            names = "--d-sae",
            paramLabel = "N",
            defaultValue = "65536",
            description = "Latents of the autoencoder (default: ${DEFAULT-VALUE}).")
    private int dSae;

    @Option(
            names = "--tokens",
            paramLabel = "N",
            defaultValue = "2048",
            description = "Tokens of the sequence, 64 of them generated (default: ${DEFAULT-VALUE}).")
    private int tokens;

    @Override
    public Integer call() throws IOException {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        Path folder = Files.createTempDirectory("pintle-bench");
        Path file = folder.resolve("random-l7.pth");
        try (LanguageModel loaded = model.load()) {
            Device device = loaded.device();
            int dModel = loaded.config().dModel();
            SaeBench.writeRandom(file, dModel, dSae);
            try (SparseAutoencoder sae = SparseAutoencoder.load(file, device, DType.BF16)) {
                int generated = Math.min(64, tokens / 2);
                long loadedPeak = ResidentMemory.peak().orElse(0);
                int[] prompt = new Random(1)
                        .ints(tokens - generated, 0, loaded.config().dVocab())
                        .toArray();
                Generated answer = loaded.with(new Add(sae.decoderRow(7), sae.place(), 4))
                        .generate(prompt, Decoding.greedy(generated));
                try (TensorScope scope = TensorScope.open("encode")) {
                    Tensor x = Tensor.randn(3, DType.FP32, Device.CPU, ENCODED, dModel)
                            .to(DType.BF16)
                            .to(device);
                    sae.top(x, TOP);
                    Engine.synchronize(device);
                }
                if (device.equals(Device.CPU) && loadedPeak > 0) {
                    out.printf(
                            Locale.ROOT,
                            "resident memory: %.2f GB now; at most %.2f GB while loading%n",
                            ResidentMemory.now().orElse(0) / 1e9,
                            loadedPeak / 1e9);
                }
                out.printf(
                        "%s in %s and %d latents in bf16 on %s; %d tokens read, %d written, %d encoded%n",
                        loaded.id(), loaded.dtype(), dSae, device, prompt.length, answer.ids().length, ENCODED);
            }
            if (device.equals(Device.CPU)) {
                ResidentMemory.peak()
                        .ifPresent(peak -> out.printf(Locale.ROOT, "peak resident memory: %.2f GB%n", peak / 1e9));
            } else {
                out.println("memory of the GPU: " + Engine.gpuMemory(device));
            }
        } finally {
            Files.deleteIfExists(file);
            Files.deleteIfExists(folder);
        }
        return 0;
    }
}
