package dev.pintle.bench;

import static dev.pintle.sae.LatentChange.add;
import static dev.pintle.sae.LatentChange.clamp;

import dev.pintle.model.LanguageModel;
import dev.pintle.sae.LatentChange;
import dev.pintle.sae.SaeEdit;
import dev.pintle.sae.SaeRoundTrip;
import dev.pintle.sae.SparseAutoencoder;
import dev.pintle.steering.Add;
import dev.pintle.steering.Tokens;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.io.TorchCheckpoint;
import dev.pintle.transformer.Hook;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.KvCache;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/** An autoencoder: opening, encoding, and what steering by its latents adds to a token's decoding. */
public final class SaeBench {
    private static final int TOP = 32;
    private static final int CONTEXT = 64;
    private static final int STEPS = 4;

    private SaeBench() {}

    /**
     * One encoding.
     *
     * @param dtype of the matrices
     * @param tokens at once
     * @param seconds median
     * @param bytesPerSecond the encoder once, over the time
     * @param flops multiplications and additions a second
     * @param share of the ceiling that limits it: arithmetic in FP32, or reading the encoder once
     */
    public record Encoding(
            DType dtype, int tokens, double seconds, double bytesPerSecond, double flops, double share) {}

    /**
     * One way to steer.
     *
     * @param what in words
     * @param decodeSeconds median of one token, all blocks
     * @param insideSeconds mean of the intervention itself, measured while decoding
     */
    public record Steering(String what, double decodeSeconds, double insideSeconds) {}

    /**
     * Writes an autoencoder of random numbers in Goodfire's layout, FP32; about one latent in 500 is active.
     *
     * @param file ending in {@code -l19.pth}, so that it has a layer
     */
    public static void writeRandom(Path file, int dModel, int dSae) {
        try (TensorScope scope = TensorScope.open("random autoencoder")) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            double size = 1 / Math.sqrt(dModel);
            tensors.put("encoder_linear.weight", numbers(1, dSae, dModel, size));
            tensors.put(
                    "encoder_linear.bias",
                    Tensor.zeros(DType.FP32, Device.CPU, dSae).fillInPlace(-2.9));
            tensors.put("decoder_linear.weight", numbers(2, dModel, dSae, size));
            tensors.put("decoder_linear.bias", Tensor.zeros(DType.FP32, Device.CPU, dModel));
            TorchCheckpoint.write(file, tensors);
        }
    }

    private static Tensor numbers(long seed, int rows, int columns, double deviation) {
        try (TensorScope scope = TensorScope.open("numbers")) {
            return scope.keep(
                    Tensor.randn(seed, DType.FP32, Device.CPU, rows, columns).times(deviation));
        }
    }

    /** Seconds to open a file, the first time and then the median. */
    public static double[] open(Path file, Device device, DType dtype) {
        long start = System.nanoTime();
        SparseAutoencoder.load(file, device, dtype).close();
        double first = (System.nanoTime() - start) / 1e9;
        double again = Timing.medianSeconds(
                device, () -> SparseAutoencoder.load(file, device, dtype).close());
        return new double[] {first, again};
    }

    /**
     * Encodes random activations, such as a BF16 model's are, and returns the largest latents of each token: for one token
     * and for many.
     */
    public static List<Encoding> encode(SparseAutoencoder sae, int tokens, Ceilings most) {
        List<Encoding> figures = new ArrayList<>();
        for (int count : new int[] {1, tokens}) {
            try (TensorScope scope = TensorScope.open("activations")) {
                Tensor x = Tensor.randn(3, DType.FP32, Device.CPU, count, sae.dModel())
                        .to(DType.BF16)
                        .to(sae.device());
                double seconds = Timing.medianSeconds(sae.device(), () -> {
                    try (TensorScope inner = TensorScope.open("encode")) {
                        sae.top(x, TOP);
                    }
                });
                double weights = (double) sae.dModel() * sae.dSae();
                double flops = 2 * weights * count;
                double bytes = weights * sae.dtype().bytes();
                double least = Math.max(flops / most.arithmetic(), bytes / most.read());
                figures.add(
                        new Encoding(sae.dtype(), count, seconds, bytes / seconds, flops / seconds, least / seconds));
            }
        }
        return figures;
    }

    /** Decodes token by token, as it is and with one intervention after the other. */
    public static void steer(LanguageModel model, SparseAutoencoder sae, Consumer<Steering> heard) {
        HookPoint at = sae.place();
        List<LatentChange> eight =
                IntStream.range(0, 8).mapToObj(i -> clamp(1000 * i + 7, 4)).toList();
        Map<String, Hook> ways = new LinkedHashMap<>();
        ways.put("one vector added", new Add(sae.decoderRow(7), at, 4));
        ways.put("one latent raised", SaeEdit.edit(sae, add(7, 4)));
        ways.put("one latent clamped", SaeEdit.edit(sae, clamp(7, 4)));
        ways.put("eight latents clamped", SaeEdit.edit(sae, eight, Tokens.all()));
        ways.put("encoded, one latent clamped, decoded", SaeRoundTrip.roundTrip(sae, clamp(7, 4)));
        heard.accept(new Steering("not steered", decode(model), 0));
        ways.forEach((what, hook) -> {
            TimedHook timed = new TimedHook(hook);
            double seconds = decode(model.with(timed));
            heard.accept(new Steering(what, seconds, timed.mean()));
        });
    }

    private static double decode(LanguageModel model) {
        int[] prompt = IntStream.range(1, CONTEXT + 1).toArray();
        try (KvCache cache = model.newCache()) {
            step(model, cache, prompt);
            return Timing.medianSeconds(model.device(), () -> {
                        for (int i = 0; i < STEPS; i++) {
                            step(model, cache, 100 + i);
                        }
                        cache.truncate(CONTEXT);
                    })
                    / STEPS;
        }
    }

    private static void step(LanguageModel model, KvCache cache, int... ids) {
        try (TensorScope scope = TensorScope.open("decode step")) {
            model.run(TokenBatch.of(ids), RunOptions.lastLogits().continuing(cache))
                    .logits()
                    .argmax()
                    .toInts();
        }
    }
}
