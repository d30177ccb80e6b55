package dev.pintle.bench;

import dev.pintle.model.Decoding;
import dev.pintle.model.GenerationListener;
import dev.pintle.model.GenerationRequest;
import dev.pintle.model.LanguageModel;
import dev.pintle.steering.Add;
import dev.pintle.tensor.Engine;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.Vec;
import dev.pintle.transformer.Hook;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.KvCache;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * What steering adds to decoding. Runs that are compared take turns, so that a machine that is slower for a while is slower
 * for all of them.
 */
public final class SteerBench {
    private static final int CONTEXT = 64;
    private static final int ROUNDS = 41;
    private static final int ROW_ROUNDS = 9;
    private static final int ROW_CONTEXT = 8;
    private static final int ROW_STEPS = 16;

    private SteerBench() {}

    /**
     * Decoding one row with some layers steered.
     *
     * @param layers steered
     * @param seconds median of one token, all blocks
     * @param insideSeconds of it in the additions, all layers
     */
    public record Layers(int layers, double seconds, double insideSeconds) {}

    /**
     * Decoding many rows.
     *
     * @param rows at once
     * @param vectors different ones among them
     * @param seconds median of one token of all rows, reading a short prompt included
     */
    public record Rows(int rows, int vectors, double seconds) {}

    /** One row with no layer, one, and all of them steered. */
    public static List<Layers> layers(LanguageModel model) {
        int[] counts = {0, 1, model.config().nLayers()};
        List<List<TimedHook>> timed = new ArrayList<>();
        List<LanguageModel> views = new ArrayList<>();
        for (int count : counts) {
            List<TimedHook> hooks = IntStream.range(0, count)
                    .mapToObj(i -> HookPoint.residPost(model.config().nLayers() - 1 - i))
                    .map(at -> new TimedHook(new Add(vector(model, at.layer()), at, 2)))
                    .toList();
            timed.add(hooks);
            views.add(model.with(List.<Hook>copyOf(hooks)));
        }
        double[][] seconds = new double[counts.length][ROUNDS];
        try (KvCache cache = model.newCache()) {
            step(model, cache, IntStream.range(1, CONTEXT + 1).toArray());
            for (int round = -4; round < ROUNDS; round++) {
                for (int way = 0; way < counts.length; way++) {
                    long start = System.nanoTime();
                    step(views.get(way), cache, 100);
                    Engine.synchronize(model.device());
                    if (round >= 0) {
                        seconds[way][round] = (System.nanoTime() - start) / 1e9;
                    }
                    cache.truncate(CONTEXT);
                }
            }
        }
        List<Layers> found = new ArrayList<>();
        for (int way = 0; way < counts.length; way++) {
            double inside = timed.get(way).stream().mapToDouble(TimedHook::mean).sum();
            found.add(new Layers(counts[way], median(seconds[way]), inside));
        }
        return found;
    }

    /** Rows that share one vector, and rows that have one each. */
    public static List<Rows> rows(LanguageModel model, int rows) {
        HookPoint at = HookPoint.residPost(model.config().nLayers() / 2);
        Vec shared = vector(model, 0);
        List<IntFunction<Vec>> ways = List.of(row -> shared, row -> vector(model, row));
        double[][] seconds = new double[ways.size()][ROW_ROUNDS];
        for (int round = -1; round < ROW_ROUNDS; round++) {
            for (int way = 0; way < ways.size(); way++) {
                IntFunction<Vec> vectors = ways.get(way);
                List<List<Add>> adds = IntStream.range(0, rows)
                        .mapToObj(row -> List.of(new Add(vectors.apply(row), at, 2)))
                        .toList();
                double all = generating(model, adds, ROW_STEPS);
                if (round >= 0) {
                    seconds[way][round] = all / ROW_STEPS;
                }
            }
        }
        return List.of(new Rows(rows, 1, median(seconds[0])), new Rows(rows, rows, median(seconds[1])));
    }

    private static double generating(LanguageModel model, List<List<Add>> adds, int newTokens) {
        List<GenerationRequest> requests = new ArrayList<>();
        for (int row = 0; row < adds.size(); row++) {
            int[] ids = new Random(row)
                    .ints(ROW_CONTEXT, 0, model.config().dVocab())
                    .toArray();
            requests.add(GenerationRequest.of(ids, Decoding.greedy(newTokens)).with(adds.get(row)));
        }
        long start = System.nanoTime();
        model.generate(requests, GenerationListener.SILENT);
        return (System.nanoTime() - start) / 1e9;
    }

    private static void step(LanguageModel model, KvCache cache, int... ids) {
        try (TensorScope scope = TensorScope.open("decode step")) {
            model.run(TokenBatch.of(ids), RunOptions.lastLogits().continuing(cache))
                    .logits()
                    .argmax()
                    .toInts();
        }
    }

    private static Vec vector(LanguageModel model, long seed) {
        float[] values = new float[model.config().dModel()];
        Random random = new Random(seed);
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (random.nextGaussian() / Math.sqrt(values.length));
        }
        return Vec.of(values);
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }
}
