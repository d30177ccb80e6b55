package dev.pintle.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.pintle.model.Generated.StopReason;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Engine;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.Vec;
import dev.pintle.text.ModelText;
import dev.pintle.transformer.Addition;
import dev.pintle.transformer.Choice;
import dev.pintle.transformer.Hook;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.KvCache;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.RowHooks;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import dev.pintle.transformer.gpu.Draw;
import dev.pintle.transformer.gpu.RowProgram;
import dev.pintle.transformer.gpu.Slots;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The recorded step beside the plain forward pass, both on a GPU. */
class RecordedStepTest {
    /** BF16 keeps 8 bits, and the two ways round at different places. */
    private static final double NO_WORSE = 1.5;

    private static final double RELATIVE_ERROR = 0.06;

    private static final int STEPS = 70; // beyond one piece of attention

    @BeforeAll
    static void needsGpu() {
        assumeTrue(Engine.cudaAvailable(), "skipped: libtorch sees no GPU");
    }

    @ParameterizedTest
    @CsvSource({
        "llama31, 1",
        "llama31, 3",
        "llama31, 11",
        "llama31, 20",
        "llama_biased, 3",
        "mistral_window, 3",
        "qwen2, 3",
        "phi3, 2",
        "wide gemma2, 1",
        "wide gemma2, 20",
        "wide gemma3_text, 3",
        "wide llama, 1",
        "wide llama, 9",
        "wide qwen3, 2",
        "llama31, 33",
        "llama_biased, 40",
        "mistral_window, 35",
        "qwen2, 33",
        "phi3, 70",
        "wide llama, 256",
        "wide qwen3, 64",
        "Q4_K_M wide llama, 1",
        "Q8_0 wide gemma2, 9",
        "Q6_K wide qwen3, 40",
        "Q4_K wide mistral, 70",
        "Q8_0 wide llama, 256"
    })
    void a_recorded_step_gives_the_logits_of_the_plain_forward_pass(String family, int rows) {
        assertStepEqualsForwardPass(family, rows, DType.BF16, 27, rows > 100 ? 3 : STEPS);
    }

    @ParameterizedTest
    @CsvSource({"wide llama, 3", "wide llama, 20"})
    void a_recorded_step_in_fp16_gives_the_logits_of_the_plain_forward_pass(String family, int rows) {
        assertStepEqualsForwardPass(family, rows, DType.FP16, 27, STEPS);
    }

    @ParameterizedTest
    @CsvSource({
        "wide llama, 1",
        "wide llama, 3",
        "wide llama, 40",
        "wide mistral, 2",
        "wide gemma2 256 4, 2",
        "wide gemma3_text, 2",
        "wide llama 256, 1",
        "wide llama 96, 3",
        "wide llama 64 2, 2",
        "wide qwen3 32 24, 20"
    })
    void a_recorded_step_over_long_prompts_gives_the_logits_of_the_plain_forward_pass(String family, int rows) {
        assertStepEqualsForwardPass(family, rows, DType.BF16, 1500, 4);
    }

    private static void assertStepEqualsForwardPass(String family, int rows, DType dtype, int longest, int steps) {
        try (TensorScope scope = TensorScope.open("test");
                LoadedTransformer model = GpuModels.open(family, dtype);
                LoadedTransformer precise = GpuModels.open(family, DType.FP32);
                KvCache cache = model.forward().newCache();
                KvCache exactCache = precise.forward().newCache()) {
            Random random = new Random(rows);
            int[][] prompts = new int[rows][];
            Arrays.setAll(
                    prompts,
                    row -> random.ints(Math.max(5, longest - row * 37L % longest), 0, 256)
                            .toArray());
            int[] lengths = Arrays.stream(prompts).mapToInt(p -> p.length).toArray();
            int[][] known = Arrays.stream(prompts)
                    .map(prompt -> Arrays.copyOf(prompt, prompt.length - 1))
                    .toArray(int[][]::new);
            RunOptions nothing = RunOptions.reading();
            model.forward().run(TokenBatch.of(known), nothing.continuing(cache), List.of(), lengths);
            precise.forward().run(TokenBatch.of(known), nothing.continuing(exactCache), List.of(), lengths);
            List<List<Hook>> hooks = IntStream.range(0, rows)
                    .mapToObj(row -> Change.some(random, model.config().dModel(), row % 3))
                    .toList();
            try (RowHooks own = new RowHooks(hooks);
                    Taken taken = new Taken(model, rows, longest + steps, rows % 2 == 0)) {
                for (int row = 0; row < rows; row++) {
                    taken.join(row, prompts[row], hooks.get(row), steps, Draw.MOST_PROBABLE);
                }
                double ofStep = 0;
                double ofPlain = 0;
                int[][] next = Arrays.stream(prompts)
                        .map(prompt -> new int[] {prompt[prompt.length - 1]})
                        .toArray(int[][]::new);
                for (int i = 0; i < steps; i++) {
                    Choice[] chosen = taken.step(rows);
                    try (TensorScope inner = TensorScope.open("step")) {
                        TokenBatch batch = TokenBatch.of(next);
                        RunOptions options = RunOptions.lastLogits();
                        Tensor plain = model.forward()
                                .run(batch, insideOfAll(model, options).continuing(cache), List.of(own), lengths)
                                .logits();
                        Tensor exact = precise.forward()
                                .run(batch, options.continuing(exactCache), List.of(own), lengths)
                                .logits();
                        for (int row = 0; row < rows; row++) {
                            float[] found = taken.slots.logits(row);
                            String what = family + " step " + i + " row " + row + " " + hooks.get(row);
                            assertClose(what, found, plain.select(0, row));
                            ofStep += square(GpuModels.relativeError(found, exact.select(0, row)));
                            ofPlain += square(
                                    GpuModels.relativeError(plain.select(0, row).toFloats(), exact.select(0, row)));
                            assertThat(chosen[row]).satisfies(largestOf(found));
                            next[row] = new int[] {chosen[row].id()};
                        }
                    }
                }
                assertThat(Math.sqrt(ofStep))
                        .as(family + " beside FP32, over all rows and steps")
                        .isLessThanOrEqualTo(NO_WORSE * Math.sqrt(ofPlain));
            }
        }
    }

    /** Slots that are given back at the end. */
    private static final class Taken implements AutoCloseable {
        private final LoadedTransformer model;
        private final Slots slots;
        private final List<Integer> used = new ArrayList<>();

        Taken(LoadedTransformer model, int rows, int tokens, boolean exact) {
            this.model = model;
            this.slots = model.lender()
                    .orElseThrow()
                    .take(rows, (long) rows * Slots.pages(tokens) * Slots.PAGE, exact)
                    .orElseThrow();
        }

        void join(int slot, int[] prompt, List<Hook> hooks, int newTokens, Draw draw) {
            try (KvCache cache = model.forward().newCache()) {
                int known = prompt.length - 1;
                if (known > 0) {
                    model.forward()
                            .run(
                                    TokenBatch.of(Arrays.copyOf(prompt, known)),
                                    RunOptions.reading().continuing(cache),
                                    List.of(),
                                    new int[] {prompt.length});
                }
                slots.join(
                        slot,
                        new Slots.Joining(
                                List.of(),
                                known > 0 ? cache : null,
                                0,
                                prompt[known],
                                known,
                                prompt.length + newTokens,
                                draw,
                                RowProgram.of(model.config(), hooks, prompt.length, newTokens),
                                -1));
                used.add(slot);
            }
        }

        /** A step of the first slots, all of whose logits are kept. */
        Choice[] step(int rows) {
            boolean[] keep = new boolean[rows];
            Arrays.fill(keep, true);
            slots.launch(IntStream.range(0, rows).toArray(), keep);
            return slots.await();
        }

        @Override
        public void close() {
            used.forEach(slots::leave);
            model.lender().orElseThrow().giveBack(slots);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "wide llama",
                "llama31",
                "llama_biased",
                "mistral_window",
                "qwen2",
                "wide qwen3",
                "Q4_K_M wide llama",
                "Q8_0 wide qwen3"
            })
    void a_rows_logits_have_the_same_bits_beside_any_number_of_rows(String family) {
        try (LoadedTransformer model = GpuModels.open(family, DType.BF16)) {
            int steps = 6;
            int[] prompt = new Random(3).ints(61, 0, 256).toArray();
            List<Hook> hooks = Change.some(new Random(4), model.config().dModel(), 2);
            List<float[]> alone = new ArrayList<>();
            for (int rows : new int[] {1, 2, 8, 9, 16, 17, 33, 70, 256}) {
                Random random = new Random(rows);
                try (Taken taken = new Taken(model, 256, 400, true)) {
                    for (int row = 0; row < rows; row++) {
                        boolean same = row == 0 || row == rows - 1;
                        int[] own = random.ints(1 + random.nextInt(300), 0, 256).toArray();
                        taken.join(
                                row,
                                same ? prompt : own,
                                same
                                        ? hooks
                                        : Change.some(random, model.config().dModel(), 1),
                                steps,
                                Draw.MOST_PROBABLE);
                    }
                    for (int i = 0; i < steps; i++) {
                        taken.step(rows);
                        if (rows == 1) {
                            alone.add(taken.slots.logits(0));
                        }
                        assertThat(taken.slots.logits(0))
                                .as(rows + " rows, step " + i)
                                .isEqualTo(alone.get(i));
                        assertThat(taken.slots.logits(rows - 1))
                                .as(rows + " rows, step " + i)
                                .isEqualTo(alone.get(i));
                    }
                }
            }
        }
    }

    private static double square(double x) {
        return x * x;
    }

    /** Reads the inside of every block, so that none of them is fused. */
    private static RunOptions insideOfAll(LoadedTransformer model, RunOptions options) {
        return options.andReading(IntStream.range(0, model.config().nLayers())
                .mapToObj(HookPoint::attnOut)
                .toArray(HookPoint[]::new));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 5, 40})
    void tokens_drawn_in_the_step_are_those_that_the_processor_draws_from_its_logits(int rows) {
        try (LoadedTransformer model = GpuModels.open("llama31", DType.BF16);
                Taken taken = new Taken(model, rows, 100, false)) {
            Random random = new Random(rows);
            int[][] prompts = new int[rows][];
            Arrays.setAll(prompts, row -> random.ints(4 + row % 3, 0, 256).toArray());
            List<Sampler> here = drawing(prompts);
            List<Sampler> there = drawing(prompts);
            for (int row = 0; row < rows; row++) {
                taken.join(row, prompts[row], List.of(), STEPS, there.get(row).onGpu());
            }
            for (int i = 0; i < 20; i++) {
                Choice[] drawn = taken.step(rows);
                for (int row = 0; row < rows; row++) {
                    Choice expected = here.get(row).next(NextToken.of(taken.slots.logits(row)));
                    assertThat(drawn[row].id()).as("step " + i + " row " + row).isEqualTo(expected.id());
                    assertThat(drawn[row].logProbability()).isCloseTo(expected.logProbability(), within(1e-4));
                }
            }
        }
    }

    private static Generator generator(LoadedTransformer model) {
        return new Generator(
                model,
                new ModelText(Path.of("no text"), "no text"),
                Set.of(),
                List.of(),
                EngineOptions.DEFAULT.fast(true));
    }

    /** The listener runs while the step is taken; with a lock held, the other thread would never answer. */
    @Test
    @Timeout(120)
    void a_listener_that_generates_is_not_handed_the_running_step() throws Exception {
        try (LoadedTransformer model = GpuModels.open("llama31", DType.BF16)) {
            int[] prompt = {3, 141, 59, 26};
            List<GenerationRequest> requests = List.of(
                    GenerationRequest.of(prompt, Decoding.greedy(20)),
                    GenerationRequest.of(prompt, Decoding.sample(20, 1, 9)));
            List<Generated> expected = generator(model).generate(requests, GenerationListener.SILENT);
            List<List<Generated>> inside = new ArrayList<>();
            int[] heard = new int[1];
            ExecutorService other = Executors.newSingleThreadExecutor();
            try {
                List<Generated> outer = generator(model).generate(requests, (row, piece) -> {
                    if (heard[0]++ == 6) { // the first tokens come from the prompt's pass, later ones from the step
                        inside.add(generator(model).generate(requests, GenerationListener.SILENT));
                        Future<List<Generated>> elsewhere =
                                other.submit(() -> generator(model).generate(requests, GenerationListener.SILENT));
                        try {
                            inside.add(elsewhere.get());
                        } catch (InterruptedException | ExecutionException e) {
                            throw new IllegalStateException(e);
                        }
                    }
                    return true;
                });
                inside.add(outer);
            } finally {
                other.shutdownNow();
            }
            assertThat(inside).hasSize(3);
            for (List<Generated> found : inside) {
                for (int row = 0; row < found.size(); row++) {
                    assertThat(found.get(row).ids()).isEqualTo(expected.get(row).ids());
                }
            }
        }
    }

    /** Rows steered after the prompt only, so that their numbers overflow inside the recorded step. */
    @Test
    void a_row_that_overflows_in_the_step_ends_alone() {
        try (LoadedTransformer model = GpuModels.open("llama31", DType.BF16)) {
            int[] prompt = {3, 141, 59, 26};
            float[] huge = new float[model.config().dModel()];
            Arrays.fill(huge, 1e37f);
            float[] infinite = new float[huge.length];
            Arrays.fill(infinite, 3.3e38f);
            for (Decoding decoding : List.of(Decoding.greedy(12), Decoding.sample(12, 1, 3))) {
                GenerationRequest plain = GenerationRequest.of(prompt, decoding);
                Generated alone = generator(model)
                        .generate(List.of(plain), GenerationListener.SILENT)
                        .get(0);
                List<Generated> rows = generator(model)
                        .generate(
                                List.of(
                                        plain,
                                        plain.with(new Late(huge)),
                                        plain.with(new Late(infinite), new Late(infinite)),
                                        plain),
                                GenerationListener.SILENT);
                assertThat(rows)
                        .extracting(Generated::reason)
                        .containsExactly(
                                StopReason.LENGTH, StopReason.NOT_FINITE, StopReason.NOT_FINITE, StopReason.LENGTH);
                assertThat(rows.get(0).ids()).isEqualTo(alone.ids());
                assertThat(rows.get(3).ids()).isEqualTo(alone.ids());
                assertThat(rows.get(1).ids()).containsExactly(alone.ids()[0]);
                assertThat(String.valueOf(rows.get(1).ending().problem())).contains("blocks.1.hook_resid_post");
            }
        }
    }

    /** Adds a vector after block 1 to every token after the prompt. */
    private record Late(float[] vector) implements Addition {
        @Override
        public Vec added() {
            return Vec.of(vector);
        }

        @Override
        public HookPoint at() {
            return HookPoint.residPost(1);
        }

        @Override
        public boolean actsOn(int position, int promptLength) {
            return position >= promptLength;
        }

        @Override
        public boolean actsEverywhere() {
            return false;
        }

        @Override
        public Action bind(ModelConfig model, Device device, DType dtype) {
            Tensor added = Tensor.of(added()).to(device);
            return (point, activation, layout) -> {
                int last = layout.tokens() - 1;
                if (!actsOn(layout.position(0, last), layout.promptLength(0))) {
                    return activation;
                }
                // in a pass over prompt and answer the tokens after the prompt stand at its end
                int from = Math.max(0, layout.promptLength(0) - layout.position(0, 0));
                Tensor before = activation.narrow(1, 0, from);
                Tensor after = activation
                        .narrow(1, from, layout.tokens() - from)
                        .plus(added)
                        .to(activation.dtype());
                return from == 0 ? after : Tensor.cat(List.of(before, after), 1);
            };
        }
    }

    /** Every filter, alone and with others; the first row is greedy where there are more. */
    private static List<Sampler> drawing(int[]... prompts) {
        List<Decoding> ways = List.of(
                Decoding.sample(STEPS, 1, 1),
                Decoding.sample(STEPS, 0.7, 2).withTopK(20).withTopP(0.9),
                Decoding.sample(STEPS, 1.5, 3).withTopP(0.8).withRepetitionPenalty(1.2),
                Decoding.sample(STEPS, 1, 4).withMinP(0.1),
                Decoding.sample(STEPS, 2, 5).withTopK(5).withMinP(0.05).withRepetitionPenalty(0.8));
        Sampler[] samplers = new Sampler[prompts.length];
        Arrays.setAll(
                samplers,
                row -> new Sampler(
                        row == 0 && prompts.length > 1 ? Decoding.greedy(STEPS) : ways.get(row % ways.size()),
                        prompts[row]));
        return List.of(samplers);
    }

    private static Consumer<Choice> largestOf(float[] logits) {
        return choice -> {
            double max = Double.NEGATIVE_INFINITY;
            for (float logit : logits) {
                max = Math.max(max, logit);
            }
            double sum = 0;
            for (float logit : logits) {
                sum += Math.exp(logit - max);
            }
            assertThat((double) logits[choice.id()]).isEqualTo(max);
            assertThat(choice.logProbability()).isCloseTo(-Math.log(sum), within(1e-4));
        };
    }

    private static void assertClose(String what, float[] found, Tensor expected) {
        assertThat(GpuModels.relativeError(found, expected)).as(what).isLessThan(RELATIVE_ERROR);
    }
}
