package dev.pintle.bench;

import dev.pintle.model.Decoding;
import dev.pintle.model.EngineOptions;
import dev.pintle.model.Generation;
import dev.pintle.model.GenerationEngine;
import dev.pintle.model.GenerationListener;
import dev.pintle.model.GenerationRequest;
import dev.pintle.model.LanguageModel;
import dev.pintle.steering.Add;
import dev.pintle.steering.Tokens;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Engine;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.Vec;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.KvCache;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.Route;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * The engine: prefill, reading one layer, decoding one row and several, beside what the machine can do at most.
 *
 * <p>On the processor a decoding step is a pass over one token a row; on a GPU it is what a token more costs to generate,
 * since there generating takes another way.
 */
public final class EngineBench {
    private static final int[] PREFILL = {64, 512};
    private static final int CONTEXT = 64;
    private static final int STEPS = 8;
    private static final int GPU_STEPS = 64;
    private static final int GPU_FIRST = 9; // tokens by which a GPU has recorded its step
    private static final int BATCH = 8;
    private static final int[] GPU_BATCHES = {32, 256};
    private static final int LONG_CONTEXT = 2048;
    private static final int PREFIX = 512; // tokens that requests share
    private static final int OWN = 16;
    private static final long CACHE_BYTES = 256L << 20;
    private static final int DEPTH_OF_19_IN_32 = 32;

    private final LanguageModel model;
    private final ModelConfig config;
    private final Ceilings ceilings;
    private final Consumer<Figure> heard;

    /**
     * One measurement.
     *
     * @param what was run
     * @param seconds median of one run
     * @param tokensPerSecond of all rows
     * @param bytesPerSecond the weights it reads once, over the time
     * @param flops multiplications and additions a second
     * @param share of the ceiling that limits this run: arithmetic or reading memory
     */
    public record Figure(
            String what, double seconds, double tokensPerSecond, double bytesPerSecond, double flops, double share) {}

    /**
     * Measures the machine, then gets ready to measure a model on it.
     *
     * @param heard told each figure when it is there
     */
    public EngineBench(LanguageModel model, Consumer<Figure> heard) {
        this.model = model;
        this.heard = heard;
        this.config = model.config();
        this.ceilings = Ceilings.measure(model.device(), arithmeticDType(model));
    }

    private static DType arithmeticDType(LanguageModel model) {
        return model.device().equals(Device.CPU) && !Engine.multipliesHalf() ? DType.FP32 : model.dtype();
    }

    /** What the machine can do at most. */
    public Ceilings ceilings() {
        return ceilings;
    }

    /** Runs everything. */
    public void run() {
        for (int tokens : PREFILL) {
            prefill(tokens, RunOptions.lastLogits(), "prefill " + tokens, config.nLayers(), true);
        }
        int layer = Math.min(config.nLayers() - 1, config.nLayers() * 19 / DEPTH_OF_19_IN_32);
        prefill(
                PREFILL[PREFILL.length - 1],
                RunOptions.reading(HookPoint.residPost(layer)),
                "read layer " + layer + " of " + config.nLayers() + " at " + PREFILL[PREFILL.length - 1] + " tokens",
                layer + 1,
                false);
        List<HookPoint> all = IntStream.range(0, config.nLayers())
                .mapToObj(HookPoint::residPost)
                .toList();
        prefill(
                PREFILL[PREFILL.length - 1],
                RunOptions.reading(all),
                "read all " + config.nLayers() + " layers at " + PREFILL[PREFILL.length - 1] + " tokens",
                config.nLayers(),
                false);
        decode(1, CONTEXT, 0, "");
        decode(1, CONTEXT, 1, ", one layer steered");
        decode(1, CONTEXT, config.nLayers(), ", all layers steered");
        decode(BATCH, CONTEXT, 0, "");
        if (model.route().kind() == Route.Kind.HEAP) {
            firstToken(false);
            firstToken(true);
        }
        if (!onProcessor()) {
            decode(BATCH, CONTEXT, 1, ", " + BATCH + " vectors");
            for (int rows : GPU_BATCHES) {
                decode(rows, CONTEXT, 0, "");
            }
            for (int rows : new int[] {1, BATCH}) {
                decode(rows, LONG_CONTEXT, 0, " after " + LONG_CONTEXT + " tokens");
            }
        }
    }

    private void prefill(int tokens, RunOptions options, String what, int layers, boolean logits) {
        TokenBatch batch = TokenBatch.of(ids(1, tokens));
        double seconds = Timing.medianSeconds(model.device(), () -> {
            try (TensorScope scope = TensorScope.open(what)) {
                model.run(batch, options);
            }
        });
        double flops = tokens * flopsPerToken(layers) + attentionFlops(tokens, layers);
        flops += logits ? unembedFlops() - (tokens - 1) * flopsAfterAttention() : 0; // which the last block leaves out
        double bytes = weightBytes(layers, logits);
        add(what, seconds, tokens, bytes, flops, leastSeconds(bytes, flops));
    }

    /** What the machine needs at least: to read or to multiply, whichever takes longer. */
    private double leastSeconds(double bytes, double flops) {
        return Math.max(bytes / Math.max(ceilings.read(), ceilings.copy()), flops / ceilings.arithmetic());
    }

    /** Until the first token of an answer, if other requests began with the same tokens, or none did. */
    private void firstToken(boolean known) {
        int[] shared = ids(0, PREFIX);
        AtomicInteger runs = new AtomicInteger();
        try (GenerationEngine engine =
                model.engine(EngineOptions.DEFAULT.waiting(1).keeping(CACHE_BYTES))) {
            double seconds = Timing.medianSeconds(() -> {
                int run = runs.incrementAndGet();
                int[] before = known ? shared : ids(-run, PREFIX);
                int[] own = ids(run, OWN);
                int[] prompt = IntStream.concat(Arrays.stream(before), Arrays.stream(own))
                        .toArray();
                await(engine.submit(GenerationRequest.of(prompt, Decoding.greedy(1))));
            });
            int tokens = known ? OWN : PREFIX + OWN;
            double flops = tokens * flopsPerToken(config.nLayers()) + unembedFlops();
            double bytes = weightBytes(config.nLayers(), true);
            String what = "first token after " + PREFIX + (known ? " known tokens and " : " tokens and ") + OWN;
            add(what, seconds, tokens, bytes, flops, leastSeconds(bytes, flops));
        }
    }

    private static void await(Generation generation) {
        try {
            generation.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("Interrupted while measuring.", e);
        }
    }

    private boolean onProcessor() {
        return model.device().equals(Device.CPU);
    }

    private void decode(int rows, int context, int steeredLayers, String how) {
        String what = "decode, batch " + rows + how;
        double seconds = onProcessor() ? step(rows, steeredLayers) : generatingOneMore(rows, context, steeredLayers);
        double flops = rows * (flopsPerToken(config.nLayers()) + unembedFlops());
        double bytes = weightBytes(config.nLayers(), true);
        double seen = KvCache.bytes(config, model.dtype(), rows, context);
        add(what, seconds, rows, bytes, flops, leastSeconds(bytes + seen, flops));
    }

    /** One step after a prompt that has been read. */
    private double step(int rows, int steeredLayers) {
        LanguageModel steered = model.with(adds(0, steeredLayers));
        List<int[]> prompts =
                IntStream.range(0, rows).mapToObj(row -> ids(row, CONTEXT)).toList();
        TokenBatch next = TokenBatch.of(
                IntStream.range(0, rows).mapToObj(row -> ids(rows + row, 1)).toList());
        try (KvCache cache = model.newCache()) {
            run(model, TokenBatch.of(prompts), cache);
            return Timing.medianSeconds(() -> {
                        for (int i = 0; i < STEPS; i++) {
                            run(steered, next, cache);
                        }
                        cache.truncate(CONTEXT);
                    })
                    / STEPS;
        }
    }

    private static void run(LanguageModel model, TokenBatch batch, KvCache cache) {
        try (TensorScope scope = TensorScope.open("decode step")) {
            model.run(batch, RunOptions.lastLogits().continuing(cache))
                    .logits()
                    .argmax()
                    .toInts();
        }
    }

    /** What a token costs beyond the first ones. */
    private double generatingOneMore(int rows, int context, int steeredLayers) {
        double first = generating(rows, context, GPU_FIRST, steeredLayers);
        return (generating(rows, context, GPU_FIRST + GPU_STEPS, steeredLayers) - first) / GPU_STEPS;
    }

    private double generating(int rows, int context, int newTokens, int steeredLayers) {
        List<GenerationRequest> requests = new ArrayList<>();
        for (int row = 0; row < rows; row++) {
            requests.add(GenerationRequest.of(ids(row, context), Decoding.greedy(newTokens))
                    .with(adds(row, steeredLayers)));
        }
        return Timing.medianSeconds(model.device(), () -> model.generate(requests, GenerationListener.SILENT));
    }

    private List<Add> adds(int seed, int layers) {
        return IntStream.range(0, layers)
                .mapToObj(i -> new Add(vector(seed), HookPoint.residPost(config.nLayers() - 1 - i), 1, Tokens.all()))
                .toList();
    }

    private Vec vector(int seed) {
        float[] values = new float[config.dModel()];
        Random random = new Random(seed);
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (random.nextGaussian() / Math.sqrt(values.length));
        }
        return Vec.of(values);
    }

    private void add(String what, double seconds, int tokens, double bytes, double flops, double leastSeconds) {
        heard.accept(
                new Figure(what, seconds, tokens / seconds, bytes / seconds, flops / seconds, leastSeconds / seconds));
    }

    private int[] ids(int seed, int count) {
        return new Random(seed).ints(count, 0, config.dVocab()).toArray();
    }

    /** Multiplications and additions of the blocks' linear maps for one token. */
    private double flopsPerToken(int layers) {
        return 2.0 * layers * config.blockWeights();
    }

    /** Those of one block that only what is read of its result needs. */
    private double flopsAfterAttention() {
        long mapped = (long) config.dModel() * (config.nHeads() + 2L * config.nKvHeads()) * config.dHead();
        return 2.0 * (config.blockWeights() - mapped);
    }

    private double attentionFlops(int tokens, int layers) {
        return 2.0
                * layers
                * config.nHeads()
                * config.dHead()
                * (double) tokens
                * tokens; // half of the square is hidden
    }

    private double unembedFlops() {
        return 2.0 * config.dVocab() * config.dModel();
    }

    /** Bytes of the weights that one pass reads. */
    private double weightBytes(int layers, boolean logits) {
        return model.dtype().bytes()
                * (layers * config.blockWeights() + (logits ? (double) config.dVocab() * config.dModel() : 0));
    }
}
