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
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.KvCache;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.RowHooks;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import dev.pintle.transformer.gpu.Draw;
import dev.pintle.transformer.gpu.RecordedStep;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
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
class GraphDecoderTest {
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
        "wide qwen3, 64"
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
            model.forward().run(TokenBatch.of(prompts), RunOptions.lastLogits().continuing(cache), List.of(), lengths);
            precise.forward()
                    .run(TokenBatch.of(prompts), RunOptions.lastLogits().continuing(exactCache), List.of(), lengths);
            Tensor vectors =
                    Tensor.randn(3, DType.FP32, Device.CPU, rows, model.config().dModel());
            Addition[] additions = new Addition[rows];
            Arrays.setAll(additions, row -> new Shift(vectors.select(0, row).toFloats()));
            RecordedStep step = model.graphs()
                    .orElseThrow()
                    .take(cache, Map.of(1, vectors), Collections.nCopies(rows, Draw.MOST_PROBABLE), steps)
                    .orElseThrow();
            try (RowHooks hooks =
                    new RowHooks(Arrays.stream(additions).map(List::of).toList())) {
                double ofStep = 0;
                double ofPlain = 0;
                for (int i = 0; i < steps; i++) {
                    int[] tokens = random.ints(rows, 0, 256).toArray();
                    step.feed(tokens);
                    step.launch();
                    Choice[] chosen = step.await();
                    float[][] found = step.logits();
                    int[][] next =
                            Arrays.stream(tokens).mapToObj(id -> new int[] {id}).toArray(int[][]::new);
                    try (TensorScope inner = TensorScope.open("step")) {
                        TokenBatch batch = TokenBatch.of(next);
                        RunOptions options = RunOptions.lastLogits();
                        Tensor plain = model.forward()
                                .run(batch, insideOfAll(model, options).continuing(cache), List.of(hooks), lengths)
                                .logits();
                        Tensor exact = precise.forward()
                                .run(batch, options.continuing(exactCache), List.of(hooks), lengths)
                                .logits();
                        for (int row = 0; row < rows; row++) {
                            String what = family + " step " + i + " row " + row;
                            assertClose(what, found[row], plain.select(0, row));
                            ofStep += square(GpuModels.relativeError(found[row], exact.select(0, row)));
                            ofPlain += square(
                                    GpuModels.relativeError(plain.select(0, row).toFloats(), exact.select(0, row)));
                            assertThat(chosen[row]).satisfies(largestOf(found[row]));
                        }
                    }
                }
                assertThat(Math.sqrt(ofStep))
                        .as(family + " beside FP32, over all rows and steps")
                        .isLessThanOrEqualTo(NO_WORSE * Math.sqrt(ofPlain));
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
        try (TensorScope scope = TensorScope.open("test");
                LoadedTransformer model = GpuModels.open("llama31", DType.BF16);
                KvCache cache = model.forward().newCache()) {
            Random random = new Random(rows);
            int[][] prompts = new int[rows][];
            Arrays.setAll(prompts, row -> random.ints(4 + row % 3, 0, 256).toArray());
            int[] lengths = Arrays.stream(prompts).mapToInt(p -> p.length).toArray();
            model.forward().run(TokenBatch.of(prompts), RunOptions.lastLogits().continuing(cache), List.of(), lengths);
            List<Sampler> here = drawing(prompts);
            List<Draw> there = drawing(prompts).stream().map(Sampler::onGpu).toList();
            RecordedStep step = model.graphs()
                    .orElseThrow()
                    .take(cache, Map.of(), there, STEPS)
                    .orElseThrow();
            step.feed(random.ints(rows, 0, 256).toArray());
            for (int i = 0; i < 20; i++) {
                step.launch();
                Choice[] drawn = step.await();
                float[][] logits = step.logits();
                for (int row = 0; row < rows; row++) {
                    Choice expected = here.get(row).next(NextToken.of(logits[row]));
                    assertThat(drawn[row].id()).as("step " + i + " row " + row).isEqualTo(expected.id());
                    assertThat(drawn[row].logProbability()).isCloseTo(expected.logProbability(), within(1e-4));
                }
            }
        }
    }

    private static Generator generator(LoadedTransformer model) {
        return new Generator(model, new ModelText(Path.of("no text"), "no text"), Set.of(), List.of());
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

    /** Adds a vector after block 1 to every token. */
    private record Shift(float[] vector) implements Addition {
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
            return true;
        }

        @Override
        public boolean actsEverywhere() {
            return true;
        }

        @Override
        public Action bind(ModelConfig model, Device device, DType dtype) {
            throw new UnsupportedOperationException("Additions of rows are summed.");
        }
    }
}
