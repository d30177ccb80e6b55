package dev.pintle.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Engine;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.transformer.Hook;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.KvCache;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.Run;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Fused blocks beside plain operations, which a model takes where a hook wants to see the inside of every block: both in 16
 * bits, and neither may be further from FP32 than the other by much.
 */
class FusedBlocksTest {
    private static final double NO_WORSE = 1.5;
    private static final double CHANGED = 0.05;
    private static final int TOKENS = 70;

    @BeforeAll
    static void needsGpu() {
        assumeTrue(Engine.cudaAvailable(), "skipped: libtorch sees no GPU");
    }

    private static int[][] rows(int count) {
        Random random = new Random(count);
        return IntStream.range(0, count)
                .mapToObj(
                        row -> random.ints(TOKENS - row * 13L % TOKENS, 0, 256).toArray())
                .toArray(int[][]::new);
    }

    private static Set<HookPoint> everywhere(HookPoint.Site site, LoadedTransformer model) {
        return IntStream.range(0, model.config().nLayers())
                .mapToObj(layer -> new HookPoint(site, layer))
                .collect(Collectors.toSet());
    }

    private static Run run(LoadedTransformer model, RunOptions options, List<Hook> hooks, int[]... rows) {
        int[] lengths = Arrays.stream(rows).mapToInt(row -> row.length).toArray();
        return model.forward().run(TokenBatch.of(rows), options, hooks, lengths);
    }

    private static RunOptions plainly(RunOptions options, LoadedTransformer model) {
        return options.andReading(everywhere(HookPoint.Site.ATTN_OUT, model).toArray(HookPoint[]::new));
    }

    private static void assertAsExact(String what, Tensor fused, Tensor plain, Tensor exact) {
        assertThat(fused.shape()).isEqualTo(exact.shape());
        assertThat(GpuModels.relativeError(fused.toFloats(), exact))
                .as(what)
                .isLessThanOrEqualTo(NO_WORSE * GpuModels.relativeError(plain.toFloats(), exact));
    }

    private static Tensor lastLogits(Run run, int row) {
        return run.logits().select(0, row).select(0, TOKENS - 1L);
    }

    @ParameterizedTest
    @CsvSource({
        "llama31, BF16",
        "llama_biased, BF16",
        "mistral_window, BF16",
        "qwen2, BF16",
        "phi3, BF16",
        "wide gemma2, BF16",
        "wide gemma3_text, BF16",
        "wide llama, BF16",
        "wide qwen3, BF16",
        "wide llama 96, BF16",
        "wide llama, FP16",
        "Q4_K_M wide llama, BF16",
        "Q8_0 wide gemma2, FP16"
    })
    void every_layer_equals_that_of_plain_operations(String family, DType dtype) {
        try (TensorScope scope = TensorScope.open("test");
                LoadedTransformer model = GpuModels.open(family, dtype);
                LoadedTransformer precise = GpuModels.open(family, DType.FP32)) {
            HookPoint[] residual = Stream.of(HookPoint.Site.RESID_PRE, HookPoint.Site.RESID_POST)
                    .flatMap(site -> everywhere(site, model).stream())
                    .toArray(HookPoint[]::new);
            for (int count : new int[] {1, 5}) {
                RunOptions options = RunOptions.allLogits().andReading(residual);
                Run fused = run(model, options, List.of(), rows(count));
                Run plain = run(model, plainly(options, model), List.of(), rows(count));
                Run exact = run(precise, options, List.of(), rows(count));
                for (int row = 0; row < count; row++) {
                    for (HookPoint at : residual) {
                        assertAsExact(
                                count + " rows, " + at + " of row " + row,
                                fused.row(at, row),
                                plain.row(at, row),
                                exact.row(at, row));
                    }
                    assertAsExact(
                            "logits of row " + row,
                            lastLogits(fused, row),
                            lastLogits(plain, row),
                            lastLogits(exact, row));
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"llama31", "llama_biased", "mistral_window", "wide qwen3", "wide gemma2", "wide gemma3_text"})
    void the_last_logits_with_a_cache_and_in_chunks_equal_those_of_plain_operations(String family) {
        try (TensorScope scope = TensorScope.open("test");
                LoadedTransformer model = GpuModels.open(family, DType.BF16);
                LoadedTransformer precise = GpuModels.open(family, DType.FP32)) {
            for (int count : new int[] {1, 4}) {
                int[][] next = new Random(9)
                        .ints(count, 0, 256)
                        .mapToObj(id -> new int[] {id, 7, 8})
                        .toArray(int[][]::new);
                try (KvCache fusedCache = model.forward().newCache();
                        KvCache plainCache = model.forward().newCache();
                        KvCache exactCache = precise.forward().newCache()) {
                    RunOptions fused = RunOptions.lastLogits().continuing(fusedCache);
                    RunOptions plain = plainly(RunOptions.lastLogits(), model).continuing(plainCache);
                    RunOptions exact = RunOptions.lastLogits().continuing(exactCache);
                    for (int[][] rows : List.of(rows(count), next, next)) {
                        assertAsExact(
                                count + " rows",
                                run(model, fused.inChunksOf(31), List.of(), rows)
                                        .logits(),
                                run(model, plain, List.of(), rows).logits(),
                                run(precise, exact, List.of(), rows).logits());
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama31", "wide llama"})
    void what_hooks_change_between_blocks_counts(String family) {
        try (TensorScope scope = TensorScope.open("test");
                LoadedTransformer model = GpuModels.open(family, DType.BF16);
                LoadedTransformer precise = GpuModels.open(family, DType.FP32)) {
            RunOptions options = RunOptions.lastLogits();
            Tensor free = run(model, options, List.of(), rows(2)).logits();
            for (HookPoint at : List.of(HookPoint.residPost(0), HookPoint.residPre(2))) {
                List<Hook> doubling = List.of(new Doubling(at));
                Tensor exact = run(precise, options, doubling, rows(2)).logits();
                Tensor steered = run(model, options, doubling, rows(2)).logits();
                assertAsExact(
                        "doubled at " + at,
                        steered,
                        run(model, plainly(options, model), doubling, rows(2)).logits(),
                        exact);
                assertThat(GpuModels.relativeError(steered.toFloats(), free)).isGreaterThan(CHANGED);
            }
        }
    }

    /** Doubles the residual stream, in a layout of its own. */
    private record Doubling(HookPoint at) implements Hook {
        @Override
        public Set<HookPoint> points() {
            return Set.of(at);
        }

        @Override
        public Action bind(ModelConfig model, Device device, DType dtype) {
            return (point, activation, layout) -> activation
                    .transpose(1, 2)
                    .contiguous()
                    .times(2)
                    .to(activation.dtype())
                    .transpose(1, 2);
        }
    }
}
