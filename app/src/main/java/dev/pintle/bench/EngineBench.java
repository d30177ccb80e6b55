package dev.pintle.bench;

import dev.pintle.model.HookPoint;
import dev.pintle.model.KvCache;
import dev.pintle.model.LanguageModel;
import dev.pintle.model.ModelConfig;
import dev.pintle.model.RunOptions;
import dev.pintle.model.TokenBatch;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.TensorScope;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** The engine: prefill, reading one layer, decoding one row and several, beside what the machine can do at most. */
public final class EngineBench {
    private static final int[] PREFILL = {64, 512};
    private static final int CONTEXT = 64;
    private static final int STEPS = 8;
    private static final int BATCH = 8;
    private static final int DEPTH_OF_19_IN_32 = 32;

    private final LanguageModel model;
    private final ModelConfig config;
    private final Ceilings ceilings;
    private final List<Figure> figures = new ArrayList<>();

    /**
     * One measurement.
     *
     * @param what was run
     * @param seconds median of one run
     * @param tokensPerSecond of all rows
     * @param bytesPerSecond all weights once, over the time
     * @param flops multiplications and additions a second
     * @param share of the ceiling that limits this run: arithmetic for a prefill, reading memory for a decode
     */
    public record Figure(
            String what, double seconds, double tokensPerSecond, double bytesPerSecond, double flops, double share) {}

    /** Measures the machine, then gets ready to measure a model on it. */
    public EngineBench(LanguageModel model) {
        this.model = model;
        this.config = model.config();
        this.ceilings = Ceilings.measure(model.device(), arithmeticDType(model));
    }

    private static DType arithmeticDType(LanguageModel model) {
        return model.device().equals(Device.CPU) ? DType.FP32 : model.dtype();
    }

    /** What the machine can do at most. */
    public Ceilings ceilings() {
        return ceilings;
    }

    /** Runs everything. */
    public List<Figure> run() {
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
        decode(1);
        decode(BATCH);
        return List.copyOf(figures);
    }

    private void prefill(int tokens, RunOptions options, String what, int layers, boolean logits) {
        TokenBatch batch = TokenBatch.of(ids(1, tokens));
        double seconds = Timing.medianSeconds(model.device(), () -> {
            try (TensorScope scope = TensorScope.open(what)) {
                model.run(batch, options);
            }
        });
        double flops = tokens * flopsPerToken(layers) + attentionFlops(tokens, layers) + (logits ? unembedFlops() : 0);
        add(what, seconds, tokens, flops, flops / ceilings.arithmetic());
    }

    private void decode(int rows) {
        int[][] prompts = new int[rows][];
        Arrays.setAll(prompts, row -> ids(row, CONTEXT));
        double seconds;
        try (KvCache cache = model.newCache()) {
            step(prompts, cache);
            seconds = Timing.medianSeconds(model.device(), () -> {
                        for (int i = 0; i < STEPS; i++) {
                            int[][] next = new int[rows][];
                            Arrays.setAll(next, row -> ids(row, 1));
                            step(next, cache);
                        }
                        cache.truncate(CONTEXT);
                    })
                    / STEPS;
        }
        double flops = rows * (flopsPerToken(config.nLayers()) + unembedFlops());
        add("decode, batch " + rows, seconds, rows, flops, weightBytes() / ceilings.read());
    }

    private void step(int[][] ids, KvCache cache) {
        try (TensorScope scope = TensorScope.open("decode step")) {
            model.run(TokenBatch.of(ids), RunOptions.lastLogits().continuing(cache))
                    .logits()
                    .argmax()
                    .toInts();
        }
    }

    private void add(String what, double seconds, int tokens, double flops, double leastSeconds) {
        figures.add(new Figure(
                what, seconds, tokens / seconds, weightBytes() / seconds, flops / seconds, leastSeconds / seconds));
    }

    private int[] ids(int seed, int count) {
        return new Random(seed).ints(count, 0, config.dVocab()).toArray();
    }

    /** Multiplications and additions of the blocks' linear maps for one token. */
    private double flopsPerToken(int layers) {
        return 2.0 * layers * config.blockWeights();
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
    private double weightBytes() {
        return model.dtype().bytes()
                * (config.nLayers() * config.blockWeights() + (double) config.dVocab() * config.dModel());
    }
}
