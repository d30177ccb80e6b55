package dev.pintle.model;

import static dev.pintle.testkit.TensorAssert.assertThatTensor;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.io.Checkpoint;
import dev.pintle.tensor.io.SafeTensors;
import dev.pintle.testkit.Golden;
import dev.pintle.testkit.TestDevice;
import dev.pintle.testkit.Tolerance;
import dev.pintle.transformer.Hook;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.HookPoint.Site;
import dev.pintle.transformer.KvCache;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.Run;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The inside of attention and MLP, beside what transformers computes there. */
class GoldenInsideTest {
    private static final Map<Site, String> NAMES = Map.of(
            Site.ATTN_Q, "attn.q.",
            Site.ATTN_K, "attn.k.",
            Site.ATTN_V, "attn.v.",
            Site.ATTN_PATTERN, "attn.pattern.",
            Site.ATTN_Z, "attn.z.",
            Site.MLP_PRE, "mlp.pre.",
            Site.MLP_POST, "mlp.post.");
    private static final int[] IDS = {9, 8, 7, 6, 5, 4, 3, 2, 1, 10, 11, 12};

    private static Stream<String> references() {
        return Stream.of("llama31", "qwen3", "gemma2", "gpt_neox", "gpt2")
                .filter(name -> Files.exists(Golden.folder().resolve("inside/" + name + ".safetensors")));
    }

    private static LoadedTransformer open(String model, DType dtype) {
        return LoadedTransformer.open(Golden.folder().resolve(model), TestDevice.current(), dtype);
    }

    private static Set<HookPoint> inside(LoadedTransformer model) {
        Set<HookPoint> points = new TreeSet<>(Set.of(HookPoint.normalized()));
        for (int layer = 0; layer < model.config().nLayers(); layer++) {
            for (Site site : NAMES.keySet()) {
                if (model.forward().sites(layer).contains(site)) {
                    points.add(new HookPoint(site, layer));
                }
            }
            int at = layer;
            model.forward().sites(at).stream()
                    .filter(Site.OF_EXPERTS::contains)
                    .forEach(site -> points.add(new HookPoint(site, at)));
        }
        return points;
    }

    private static Run run(LoadedTransformer model, RunOptions options, List<Hook> hooks, int[]... rows) {
        int[] lengths = Arrays.stream(rows).mapToInt(row -> row.length).toArray();
        return model.forward().run(TokenBatch.of(rows), options, hooks, lengths);
    }

    @ParameterizedTest
    @MethodSource("references")
    void every_site_holds_what_the_reference_computes_there(String name) {
        String folder = "families/" + name;
        try (TensorScope scope = TensorScope.open("test");
                LoadedTransformer model = open(folder, DType.FP32);
                Checkpoint forward = SafeTensors.open(Golden.folder().resolve(folder + "/expected.safetensors"));
                Checkpoint expected = SafeTensors.open(Golden.folder().resolve("inside/" + name + ".safetensors"))) {
            int[] ids = forward.tensor("ids").toInts();
            Run run = run(model, RunOptions.reading(inside(model)), List.of(), ids);
            int compared = 0;
            for (HookPoint point : inside(model)) {
                String key =
                        point.equals(HookPoint.normalized()) ? "normalized" : NAMES.get(point.site()) + point.layer();
                if (expected.contains(key)) {
                    compared++;
                    assertThatTensor(run.row(point, 0))
                            .as(point.toString())
                            .isCloseTo(expected.tensor(key), Tolerance.ACTIVATIONS_FP32);
                }
            }
            int known = name.startsWith("gpt") ? 3 : NAMES.size(); // no gate, and one map for queries, keys and values
            assertThat(compared).isEqualTo(1 + known * model.config().nLayers());
        }
    }

    @ParameterizedTest
    @MethodSource("dev.pintle.testkit.Golden#models")
    void shapes_are_those_that_the_sites_name(String name) {
        try (TensorScope scope = TensorScope.open("test");
                LoadedTransformer model = open(name, DType.FP32)) {
            Run run = run(model, RunOptions.reading(inside(model)), List.of(), IDS);
            for (HookPoint point : inside(model)) {
                long[] expected = point.site().axes().stream()
                        .mapToLong(axis -> switch (axis) {
                            case "batch" -> 1;
                            case "tokens", "slots" -> IDS.length;
                            default -> model.config().dims().get(axis);
                        })
                        .toArray();
                assertThat(run.at(point).shape().toArray()).as(point.toString()).isEqualTo(expected);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.pintle.testkit.Golden#models")
    void reading_inside_changes_nothing_and_batches_chunks_and_a_cache_read_the_same(String name) {
        try (TensorScope scope = TensorScope.open("test");
                LoadedTransformer model = open(name, DType.FP64);
                KvCache cache = model.forward().newCache()) {
            int[] other = {3, 4, 5};
            Set<HookPoint> points = inside(model);
            RunOptions reading = RunOptions.lastLogits().andReading(points.toArray(HookPoint[]::new));
            Run whole = run(model, reading, List.of(), IDS);
            Run chunked = run(model, reading.inChunksOf(5), List.of(), IDS);
            Run batched = run(model, reading, List.of(), IDS, other);
            Run alone = run(model, reading, List.of(), other);
            Run first = run(model, reading.continuing(cache), List.of(), Arrays.copyOf(IDS, IDS.length - 1));
            Run last = run(model, reading.continuing(cache), List.of(), new int[] {IDS[IDS.length - 1]});
            assertThatTensor(whole.logits())
                    .isCloseTo(
                            run(model, RunOptions.lastLogits(), List.of(), IDS).logits(), Tolerance.FP64);
            assertThat(first.logits().shape()).isEqualTo(whole.logits().shape());
            for (HookPoint point : points) {
                Tensor expected = whole.row(point, 0);
                int tokens = point.site().axes().indexOf("tokens") - 1;
                assertThatTensor(chunked.row(point, 0)).as("chunks, " + point).isCloseTo(expected, Tolerance.FP64);
                assertThatTensor(batched.row(point, 0)).as("batch, " + point).isCloseTo(expected, Tolerance.FP64);
                assertThatTensor(batched.row(point, 1))
                        .as("padded, " + point)
                        .isCloseTo(alone.row(point, 0), Tolerance.FP64);
                assertThatTensor(last.row(point, 0))
                        .as("cache, " + point)
                        .isCloseTo(expected.narrow(tokens, IDS.length - 1, 1), Tolerance.FP64);
            }
        }
    }

    /** Replaces what stands at one place. */
    private record Replace(HookPoint at, UnaryOperator<Tensor> by) implements Hook {
        @Override
        public Set<HookPoint> points() {
            return Set.of(at);
        }

        @Override
        public Action bind(ModelConfig model, Device device, DType dtype) {
            return (point, activation, layout) -> by.apply(activation);
        }
    }

    @ParameterizedTest
    @MethodSource("dev.pintle.testkit.Golden#models")
    void what_is_written_inside_is_what_the_rest_of_the_model_reads(String name) {
        try (TensorScope scope = TensorScope.open("test");
                LoadedTransformer model = open(name, DType.FP64)) {
            RunOptions logits = RunOptions.allLogits();
            Tensor free = run(model, logits, List.of(), IDS).logits();
            for (HookPoint at : inside(model)) {
                if (at.layer() != 1) {
                    continue;
                }
                Tensor same = run(model, logits, List.of(new Replace(at, x -> x.times(1))), IDS)
                        .logits();
                assertThatTensor(same).as("unchanged, " + at).isCloseTo(free, Tolerance.FP64);
                Tensor changed = run(model, logits, List.of(new Replace(at, x -> x.times(0.25))), IDS)
                        .logits();
                assertThat(Arrays.stream(changed.minus(free).abs().toDoubles())
                                .max()
                                .orElse(0))
                        .as("changed, " + at)
                        .isGreaterThan(1e-6);
            }
            if (!model.forward().sites(1).containsAll(NAMES.keySet())) {
                return;
            }
            HookPoint[] added = {HookPoint.attnOut(1), HookPoint.mlpOut(1)};
            Run zeroed = run(
                    model,
                    RunOptions.reading(added),
                    List.of(
                            new Replace(new HookPoint(Site.ATTN_PATTERN, 1), x -> x.times(0)),
                            new Replace(new HookPoint(Site.MLP_POST, 1), x -> x.times(0))),
                    IDS);
            for (HookPoint point : added) {
                Tensor each = zeroed.row(point, 0);
                assertThatTensor(each)
                        .as("a bias or nothing, the same at every token: " + point)
                        .isCloseTo(each.times(0).plus(each.narrow(0, 0, 1)), Tolerance.FP64);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.pintle.testkit.Golden#models")
    void the_normalised_residual_stream_is_what_the_logits_are_made_of(String name) {
        try (TensorScope scope = TensorScope.open("test");
                LoadedTransformer model = open(name, DType.FP64)) {
            List<Hook> zero = List.of(new Replace(HookPoint.normalized(), x -> x.times(0)));
            double[] bias = bias(name, model.config().dVocab());
            assertThat(run(model, RunOptions.lastLogits(), zero, IDS).logits().toDoubles())
                    .containsExactly(bias);
            Tensor all = run(model, RunOptions.allLogits(), zero, IDS).logits().select(0, 0);
            for (int token = 0; token < IDS.length; token++) {
                assertThat(all.select(0, token).toDoubles()).containsExactly(bias);
            }
        }
    }

    /** What is added to the logits: a bias in Phi alone. */
    private static double[] bias(String name, int dVocab) {
        try (TensorScope scope = TensorScope.open("bias");
                Checkpoint weights = SafeTensors.open(Golden.folder().resolve(name))) {
            return weights.contains("lm_head.bias")
                    ? weights.tensor("lm_head.bias").toDoubles()
                    : new double[dVocab];
        }
    }

    @ParameterizedTest
    @MethodSource("dev.pintle.testkit.Golden#models")
    void a_hook_at_a_place_that_a_block_lacks_is_refused_by_name(String name) {
        try (TensorScope scope = TensorScope.open("test");
                LoadedTransformer model = open(name, DType.FP32)) {
            List<Hook> hooks = List.of(new Replace(HookPoint.residMid(1), x -> x));
            if (!model.forward().sites(1).contains(Site.RESID_MID)) {
                assertThatThrownBy(() -> model.forward().requireFits(hooks))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("The blocks of this model have no such hook point.")
                        .hasMessageContaining("blocks.1.hook_resid_mid")
                        .hasMessageContaining("hook_resid_pre, ");
            } else {
                model.forward().requireFits(hooks);
            }
        }
    }
}
