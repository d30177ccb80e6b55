package dev.pintle.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.pintle.family.Families;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.io.SafeTensors;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.Route;
import dev.pintle.transformer.Run;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.example.toy.ToyFamily;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A family in another package that is found by its service file, as one from another jar is. */
class ThirdPartyFamilyTest {
    private static final int WIDTH = 8;
    private static final int HEADS = 2;
    private static final int VOCABULARY = 20;
    private static final int CONTEXT = 16;
    private static final int LAYERS = 2;

    private final Map<String, double[]> weights = new LinkedHashMap<>();

    @TempDir
    Path folder;

    @BeforeEach
    void write() throws IOException {
        Files.writeString(
                folder.resolve("config.json"),
                "{\"model_type\": \"toy\", \"width\": 8, \"heads\": 2, \"layers\": 2, \"vocabulary\": 20, \"context\": 16}");
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        try (TensorScope scope = TensorScope.open("write a model")) {
            put(tensors, "tokens.weight", VOCABULARY, WIDTH);
            put(tensors, "positions.weight", CONTEXT, WIDTH);
            put(tensors, "ln_f.weight", WIDTH);
            put(tensors, "ln_f.bias", WIDTH);
            put(tensors, "head.weight", VOCABULARY, WIDTH);
            for (int layer = 0; layer < LAYERS; layer++) {
                String at = "blocks." + layer + ".";
                for (String square : List.of("q", "k", "v", "o")) {
                    put(tensors, at + square + ".weight", WIDTH, WIDTH);
                }
                put(tensors, at + "norm.weight", WIDTH);
                put(tensors, at + "norm.bias", WIDTH);
                put(tensors, at + "in.weight", 2 * WIDTH, WIDTH);
                put(tensors, at + "in.bias", 2 * WIDTH);
                put(tensors, at + "out.weight", WIDTH, 2 * WIDTH);
                put(tensors, at + "out.bias", WIDTH);
            }
            SafeTensors.write(folder.resolve("model.safetensors"), tensors, Map.of());
        }
    }

    private void put(Map<String, Tensor> tensors, String name, long... shape) {
        Tensor drawn = Tensor.randn(name.hashCode(), DType.FP64, Device.CPU, shape);
        tensors.put(name, drawn);
        weights.put(name, drawn.toDoubles());
    }

    private double[] weight(String name) {
        return Objects.requireNonNull(weights.get(name), name);
    }

    @Test
    void it_is_found_and_computes_what_loops_over_doubles_compute() {
        assertThat(Families.all()).anyMatch(ToyFamily.class::isInstance);
        int[] ids = {3, 1, 4, 1, 5, 9, 2, 6};
        try (LanguageModel model = LanguageModel.load(folder.toString(), Device.CPU, DType.FP64);
                TensorScope scope = TensorScope.open("test")) {
            Run run = model.run(
                    TokenBatch.of(ids),
                    RunOptions.allLogits().andReading(HookPoint.residPost(0), HookPoint.residPost(1)));
            double[][] x = embedded(ids);
            for (int layer = 0; layer < LAYERS; layer++) {
                x = block(x, "blocks." + layer + ".");
                assertThat(run.row(HookPoint.residPost(layer), 0).toDoubles()).containsExactly(flat(x), within(1e-10));
            }
            double[][] logits = linear(normed(x, "ln_f"), "head", VOCABULARY);
            assertThat(run.logits().toDoubles()).containsExactly(flat(logits), within(1e-10));
            assertThat(model.run(TokenBatch.of(ids), RunOptions.lastLogits())
                            .logits()
                            .toDoubles())
                    .containsExactly(logits[ids.length - 1], within(1e-10));
            assertThat(model.route())
                    .isEqualTo(new Route(
                            Route.Kind.PLAIN, "the loops on the Java heap do not support the wiring of block 0"));
        }
    }

    @Test
    void a_place_that_its_blocks_do_not_have_is_refused() {
        try (LanguageModel model = LanguageModel.load(folder.toString(), Device.CPU, DType.FP64)) {
            RunOptions options = RunOptions.reading(HookPoint.residMid(0));
            assertThatThrownBy(() -> model.run(TokenBatch.of(new int[] {1}), options))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("no such hook point")
                    .hasMessageContaining("toy");
        }
    }

    private double[][] embedded(int[] ids) {
        double[][] x = new double[ids.length][WIDTH];
        for (int t = 0; t < ids.length; t++) {
            for (int i = 0; i < WIDTH; i++) {
                x[t][i] = weight("tokens.weight")[ids[t] * WIDTH + i] + weight("positions.weight")[t * WIDTH + i];
            }
        }
        return x;
    }

    private double[][] block(double[][] x, String at) {
        double[][] n = normed(x, at + "norm");
        double[][] attention = linear(mixed(n, at), at + "o", WIDTH);
        double[][] inside = linear(n, at + "in", 2 * WIDTH);
        try (TensorScope scope = TensorScope.open("the error function")) {
            for (double[] row : inside) {
                System.arraycopy(Tensor.of(row, row.length).gelu().toDoubles(), 0, row, 0, row.length);
            }
        }
        double[][] mlp = linear(inside, at + "out", WIDTH);
        double[][] sum = new double[x.length][WIDTH];
        for (int t = 0; t < x.length; t++) {
            for (int i = 0; i < WIDTH; i++) {
                sum[t][i] = x[t][i] + attention[t][i] + mlp[t][i];
            }
        }
        return sum;
    }

    private double[][] mixed(double[][] n, String at) {
        double[][] q = linear(n, at + "q", WIDTH);
        double[][] k = linear(n, at + "k", WIDTH);
        double[][] v = linear(n, at + "v", WIDTH);
        int dHead = WIDTH / HEADS;
        double[][] mixed = new double[n.length][WIDTH];
        for (int t = 0; t < n.length; t++) {
            for (int head = 0; head < HEADS; head++) {
                double[] scores = new double[t + 1];
                double total = 0;
                for (int s = 0; s <= t; s++) {
                    for (int i = head * dHead; i < (head + 1) * dHead; i++) {
                        scores[s] += q[t][i] * k[s][i] / Math.sqrt(dHead);
                    }
                    total += Math.exp(scores[s]);
                }
                for (int s = 0; s <= t; s++) {
                    for (int i = head * dHead; i < (head + 1) * dHead; i++) {
                        mixed[t][i] += Math.exp(scores[s]) / total * v[s][i];
                    }
                }
            }
        }
        return mixed;
    }

    private double[][] normed(double[][] x, String name) {
        double[][] out = new double[x.length][WIDTH];
        for (int t = 0; t < x.length; t++) {
            double mean = Arrays.stream(x[t]).average().orElseThrow();
            double variance = Arrays.stream(x[t])
                    .map(value -> (value - mean) * (value - mean))
                    .average()
                    .orElseThrow();
            for (int i = 0; i < WIDTH; i++) {
                out[t][i] = (x[t][i] - mean) / Math.sqrt(variance + 1e-5) * weight(name + ".weight")[i]
                        + weight(name + ".bias")[i];
            }
        }
        return out;
    }

    private double[][] linear(double[][] x, String name, int outs) {
        double[] weight = weight(name + ".weight");
        double[] bias = weights.getOrDefault(name + ".bias", new double[outs]);
        int in = x[0].length;
        double[][] out = new double[x.length][outs];
        for (int t = 0; t < x.length; t++) {
            for (int row = 0; row < outs; row++) {
                out[t][row] = bias[row];
                for (int i = 0; i < in; i++) {
                    out[t][row] += x[t][i] * weight[row * in + i];
                }
            }
        }
        return out;
    }

    private static double[] flat(double[][] rows) {
        return Arrays.stream(rows).flatMapToDouble(Arrays::stream).toArray();
    }
}
