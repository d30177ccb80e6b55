package dev.pintle.model;

import static dev.pintle.testkit.TensorAssert.assertThatTensor;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.InferenceMode;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.testkit.Golden;
import dev.pintle.testkit.TestDevice;
import dev.pintle.testkit.Tolerance;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.KvCache;
import dev.pintle.transformer.Run;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What must hold for every family, whatever its weights. */
class LawsTest {
    private TensorScope scope;

    @BeforeEach
    void open() {
        scope = TensorScope.open("test");
    }

    @AfterEach
    void close() {
        scope.close();
    }

    private static LoadedTransformer model(String family) {
        return LoadedTransformer.open(Golden.folder().resolve(family), TestDevice.current(), DType.FP64);
    }

    private static int[] ids(int count, long seed) {
        return new Random(seed).ints(count, 0, 256).toArray();
    }

    private static Run run(LoadedTransformer model, RunOptions options, int[]... rows) {
        int[] lengths = Arrays.stream(rows).mapToInt(row -> row.length).toArray();
        return model.forward().run(TokenBatch.of(rows), options, List.of(), lengths);
    }

    @ParameterizedTest
    @MethodSource("dev.pintle.testkit.Golden#models")
    void batched_rows_of_different_lengths_equal_single_runs(String family) {
        try (LoadedTransformer model = model(family)) {
            int[][] rows = {ids(30, 1), ids(7, 2), ids(19, 3)};
            HookPoint at = HookPoint.residPost(2);
            Run batch = run(model, RunOptions.lastLogits().andReading(at), rows);
            for (int row = 0; row < rows.length; row++) {
                Run single = run(model, RunOptions.lastLogits().andReading(at), rows[row]);
                assertThatTensor(batch.row(at, row)).isCloseTo(single.row(at, 0), Tolerance.FP64);
                assertThatTensor(batch.logits().select(0, row))
                        .isCloseTo(single.logits().select(0, 0), Tolerance.FP64);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.pintle.testkit.Golden#models")
    void token_by_token_with_a_cache_equals_one_run(String family) {
        try (LoadedTransformer model = model(family);
                KvCache cache = model.forward().newCache()) {
            int[] tokens = ids(24, 4);
            Tensor whole = run(model, RunOptions.allLogits(), tokens).logits().select(0, 0);
            for (int t = 0; t < tokens.length; t++) {
                Run step = run(model, RunOptions.lastLogits().continuing(cache), new int[] {tokens[t]});
                assertThatTensor(step.logits().select(0, 0)).isCloseTo(whole.select(0, t), Tolerance.FP64);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.pintle.testkit.Golden#models")
    void a_ragged_batch_with_a_cache_equals_single_runs(String family) {
        try (LoadedTransformer model = model(family);
                KvCache cache = model.forward().newCache()) {
            int[][] prompts = {ids(12, 5), ids(5, 6)};
            run(model, RunOptions.lastLogits().continuing(cache), prompts);
            int[][] next = {{17}, {99}};
            Run step = run(model, RunOptions.lastLogits().continuing(cache), next);
            for (int row = 0; row < prompts.length; row++) {
                int[] whole = Arrays.copyOf(prompts[row], prompts[row].length + 1);
                whole[whole.length - 1] = next[row][0];
                assertThatTensor(step.logits().select(0, row))
                        .isCloseTo(
                                run(model, RunOptions.lastLogits(), whole)
                                        .logits()
                                        .select(0, 0),
                                Tolerance.FP64);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.pintle.testkit.Golden#models")
    void the_last_logits_equal_those_of_a_run_that_computes_all(String family) {
        try (LoadedTransformer model = model(family);
                KvCache cache = model.forward().newCache()) {
            int[][] rows = {ids(30, 14), ids(7, 15)};
            Tensor all = run(model, RunOptions.allLogits(), rows).logits();
            Tensor last = run(model, RunOptions.lastLogits().inChunksOf(13).continuing(cache), rows)
                    .logits();
            assertThatTensor(last).isCloseTo(all.select(1, 29), Tolerance.FP64);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama31", "gemma2"})
    void what_a_last_block_leaves_out_is_not_what_a_hook_wants_to_see(String family) {
        try (LoadedTransformer model = model(family)) {
            int[] tokens = ids(15, 16);
            int last = model.config().nLayers() - 1;
            for (HookPoint at : List.of(
                    HookPoint.attnOut(last),
                    HookPoint.residMid(last),
                    HookPoint.mlpOut(last),
                    HookPoint.residPost(last))) {
                Run seen = run(model, RunOptions.lastLogits().andReading(at), tokens);
                Run all = run(model, RunOptions.allLogits().andReading(at), tokens);
                assertThatTensor(seen.row(at, 0)).isIdenticalTo(all.row(at, 0));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.pintle.testkit.Golden#models")
    void chunked_prefill_equals_one_run(String family) {
        try (LoadedTransformer model = model(family)) {
            int[][] rows = {ids(29, 7), ids(13, 8)};
            RunOptions options = RunOptions.allLogits().andReading(HookPoint.residPost(3), HookPoint.attnOut(1));
            Run whole = run(model, options, rows);
            Run chunked = run(model, options.inChunksOf(6), rows);
            for (int row = 0; row < rows.length; row++) {
                for (HookPoint at : Set.of(HookPoint.residPost(3), HookPoint.attnOut(1))) {
                    assertThatTensor(chunked.row(at, row)).isCloseTo(whole.row(at, row), Tolerance.FP64);
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama31", "gemma2", "families/gpt2", "families/gpt_oss", "families/qwen3_5_text"})
    void a_branched_prefix_equals_full_runs(String family) {
        try (LoadedTransformer model = model(family);
                KvCache prefix = model.forward().newCache()) {
            int[] shared = ids(11, 9);
            run(model, RunOptions.lastLogits().continuing(prefix), shared);
            int[][] tails = {ids(4, 10), ids(9, 11), ids(1, 12)};
            try (KvCache branch = prefix.branch(tails.length)) {
                Run branched = run(model, RunOptions.lastLogits().continuing(branch), tails);
                for (int row = 0; row < tails.length; row++) {
                    int[] whole = Arrays.copyOf(shared, shared.length + tails[row].length);
                    System.arraycopy(tails[row], 0, whole, shared.length, tails[row].length);
                    assertThatTensor(branched.logits().select(0, row))
                            .isCloseTo(
                                    run(model, RunOptions.lastLogits(), whole)
                                            .logits()
                                            .select(0, 0),
                                    Tolerance.FP64);
                }
            }
            assertThat(prefix.slots()).isEqualTo(shared.length);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama31", "gemma3", "olmo2", "families/qwen3_moe", "families/qwen3_5_text"})
    void stopping_at_a_layer_equals_the_full_run_there(String family) {
        try (LoadedTransformer model = model(family)) {
            int[] tokens = ids(15, 13);
            for (HookPoint at : List.of(HookPoint.residPre(1), HookPoint.residMid(2), HookPoint.mlpOut(0))) {
                Run early = run(model, RunOptions.reading(at), tokens);
                Run full = run(model, RunOptions.allLogits().andReading(at), tokens);
                assertThatTensor(early.row(at, 0)).isIdenticalTo(full.row(at, 0));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama31", "gemma2", "olmo2", "families/glm4", "families/mixtral", "families/qwen3_5_text"})
    void the_residual_stream_is_the_sum_of_what_is_added_to_it(String family) {
        try (LoadedTransformer model = model(family)) {
            List<HookPoint> points = List.of(
                    HookPoint.residPre(1),
                    HookPoint.attnOut(1),
                    HookPoint.residMid(1),
                    HookPoint.mlpOut(1),
                    HookPoint.residPost(1));
            Run run = run(model, RunOptions.reading(points), ids(9, 14));
            Tensor mid = run.at(points.get(0)).plus(run.at(points.get(1)));
            assertThatTensor(run.at(points.get(2))).isIdenticalTo(mid);
            assertThatTensor(run.at(points.get(4))).isIdenticalTo(mid.plus(run.at(points.get(3))));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama31", "families/qwen3_5_text"})
    void a_cache_that_was_filled_up_to_a_layer_does_not_serve_deeper_ones(String family) {
        try (LoadedTransformer model = model(family);
                KvCache cache = model.forward().newCache()) {
            run(model, RunOptions.reading(HookPoint.residPost(1)).continuing(cache), ids(5, 15));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> run(model, RunOptions.lastLogits().continuing(cache), ids(2, 16)))
                    .withMessageStartingWith("The KV cache was filled by a run that stopped before this layer.\n"
                            + "  layer:       2\n  cache holds: 2 layers");
        }
    }

    @Test
    void a_cache_of_recurrent_layers_goes_back_to_its_beginning_or_not_at_all() {
        try (LoadedTransformer model = model("families/qwen3_5_text");
                KvCache cache = model.forward().newCache()) {
            int[] tokens = ids(9, 17);
            Run first = run(model, RunOptions.lastLogits().continuing(cache), tokens);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> cache.truncate(4))
                    .withMessage("A recurrent layer cannot go back to an earlier token.\n  slots:     9\n"
                            + "  asked for: 4\n  try:       a branch of the cache, made where it has to go on");
            cache.truncate(0);
            Run again = run(model, RunOptions.lastLogits().continuing(cache), tokens);
            assertThatTensor(again.logits()).isIdenticalTo(first.logits());
        }
    }

    @Test
    void rows_that_leave_a_cache_of_recurrent_layers_do_not_change_the_others() {
        try (LoadedTransformer model = model("families/qwen3_5_text");
                KvCache cache = model.forward().newCache()) {
            int[][] rows = {ids(9, 18), ids(4, 19), ids(7, 20)};
            run(model, RunOptions.lastLogits().continuing(cache), rows);
            try (InferenceMode mode = InferenceMode.begin()) {
                cache.remove(0);
            }
            Run step = run(model, RunOptions.lastLogits().continuing(cache), new int[] {5}, new int[] {6});
            for (int row = 0; row < 2; row++) {
                int[] prompt = rows[row == 0 ? 2 : 1]; // the last row has taken the place of the first
                int[] whole = Arrays.copyOf(prompt, prompt.length + 1);
                whole[prompt.length] = 5 + row;
                assertThatTensor(step.logits().select(0, row))
                        .isCloseTo(
                                run(model, RunOptions.lastLogits(), whole)
                                        .logits()
                                        .select(0, 0),
                                Tolerance.FP64);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama31"})
    void bad_token_ids_and_long_prompts_are_refused_before_anything_runs(String family) {
        try (LoadedTransformer model = model(family)) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> run(model, RunOptions.lastLogits(), new int[] {1, 256}))
                    .withMessage("A token id is not in the model's vocabulary.\n  row:      0\n  position: 1\n"
                            + "  expected: 0 to 255\n  but was:  256");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> run(model, RunOptions.lastLogits(), new int[513]))
                    .withMessage("The sequence is longer than the model's context.\n  row:      0\n"
                            + "  expected: at most 512 tokens\n  but was:  513\n"
                            + "  try:      a shorter prompt or fewer new tokens");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> run(model, RunOptions.lastLogits(), new int[0]))
                    .withMessageStartingWith("There is nothing to run: the prompt is empty.");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> run(model, RunOptions.reading(HookPoint.residPost(4)), new int[] {1}))
                    .withMessage(
                            "The model has no such layer.\n  hook point: blocks.4.hook_resid_post\n  layers:     0 to 3");
        }
    }
}
