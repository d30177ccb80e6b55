package dev.pintle.bench;

import dev.pintle.model.Decoding;
import dev.pintle.model.GenerationListener;
import dev.pintle.model.GenerationRequest;
import dev.pintle.model.LanguageModel;
import dev.pintle.steering.Add;
import dev.pintle.steering.Tokens;
import dev.pintle.tensor.Vec;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.ModelConfig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * What steering adds to decoding a token on a GPU, for one row and for batches. Ways to steer take turns, so that whatever
 * else the machine does falls on all of them; a GPU's step is recorded, so what counts is what more tokens cost.
 */
public final class GpuSteerBench {
    private static final int PROMPT = 16;
    private static final int FIRST = 9; // tokens that are not counted: by then the step has been recorded
    private static final int STEPS = 64;
    private static final int ROUNDS = 5;

    private final LanguageModel model;
    private final ModelConfig config;
    private final int layer;

    /**
     * One way to steer.
     *
     * @param rows decoded at once
     * @param vectors different ones among the rows; 0 for none
     * @param layers steered by a vector each
     */
    private record Way(int rows, int vectors, int layers) {
        @Override
        public String toString() {
            String what = vectors == 0
                    ? "not steered"
                    : vectors
                            + (vectors == 1 ? " vector" : " different vectors")
                            + (layers == 1 ? " at one layer" : " at each of " + layers + " layers");
            return "batch " + rows + ", " + what;
        }
    }

    /**
     * One measurement.
     *
     * @param what was run
     * @param seconds median of one token of all rows
     * @param tokensPerSecond of all rows
     * @param beside median of the rounds' ratios to the first way of the batch, which is not steered
     */
    public record Figure(String what, double seconds, double tokensPerSecond, double beside) {}

    /** Gets ready to measure. */
    public GpuSteerBench(LanguageModel model) {
        this.model = model;
        this.config = model.config();
        this.layer = Math.min(config.nLayers() - 1, config.nLayers() * 19 / 32);
    }

    /** Tokens of each prompt. */
    public int promptTokens() {
        return PROMPT;
    }

    /**
     * Runs everything: one row, 8 and {@code most}.
     *
     * @param most rows of the largest batch
     */
    public void run(int most, Consumer<Figure> heard) {
        for (int rows : IntStream.of(1, 8, most).distinct().toArray()) {
            List<Way> ways = new ArrayList<>(List.of(new Way(rows, 0, 0), new Way(rows, 1, 1)));
            ways.add(rows == 1 ? new Way(1, 1, config.nLayers()) : new Way(rows, rows, 1));
            measure(ways, heard);
        }
    }

    private void measure(List<Way> ways, Consumer<Figure> heard) {
        double[][] seconds = new double[ways.size()][ROUNDS];
        for (int round = -1; round < ROUNDS; round++) { // one to warm up
            for (int way = 0; way < ways.size(); way++) {
                double token = perToken(ways.get(way));
                if (round >= 0) {
                    seconds[way][round] = token;
                }
            }
        }
        for (int way = 0; way < ways.size(); way++) {
            double[] mine = seconds[way];
            double[] ratios = IntStream.range(0, ROUNDS)
                    .mapToDouble(round -> mine[round] / seconds[0][round])
                    .toArray();
            double median = median(mine);
            heard.accept(new Figure(ways.get(way).toString(), median, ways.get(way).rows / median, median(ratios)));
        }
    }

    private double perToken(Way way) {
        generating(way, FIRST); // the step may have to be recorded again, for want of memory for all
        double first = generating(way, FIRST);
        return (generating(way, FIRST + STEPS) - first) / STEPS;
    }

    private double generating(Way way, int newTokens) {
        List<GenerationRequest> requests = new ArrayList<>();
        for (int row = 0; row < way.rows; row++) {
            List<Add> hooks = new ArrayList<>();
            for (int i = 0; i < way.layers; i++) {
                int at = (layer + i) % config.nLayers();
                hooks.add(new Add(vector(row % way.vectors), HookPoint.residPost(at), 1, Tokens.all()));
            }
            requests.add(
                    GenerationRequest.of(ids(row), Decoding.greedy(newTokens)).with(hooks));
        }
        return Timing.seconds(model.device(), () -> model.generate(requests, GenerationListener.SILENT));
    }

    private Vec vector(int seed) {
        Random random = new Random(seed);
        float[] values = new float[config.dModel()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (random.nextGaussian() / Math.sqrt(values.length));
        }
        return Vec.of(values);
    }

    private int[] ids(int seed) {
        return new Random(seed).ints(PROMPT, 0, config.dVocab()).toArray();
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }
}
