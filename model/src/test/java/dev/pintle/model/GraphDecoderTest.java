package dev.pintle.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Engine;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.Vec;
import dev.pintle.testkit.Golden;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The recorded step beside the plain forward pass, both on a GPU. */
class GraphDecoderTest {
    /** BF16 keeps 8 bits, and the two ways round at different places. */
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
        "wide llama, 1",
        "wide llama, 9",
        "wide qwen3, 2"
    })
    void a_recorded_step_gives_the_logits_of_the_plain_forward_pass(String family, int rows) {
        try (TensorScope scope = TensorScope.open("test");
                LoadedTransformer model = open(family);
                KvCache cache = model.forward().newCache()) {
            Random random = new Random(rows);
            int[][] prompts = new int[rows][];
            Arrays.setAll(prompts, row -> random.ints(5 + row * 7L % 23, 0, 256).toArray());
            int[] lengths = Arrays.stream(prompts).mapToInt(p -> p.length).toArray();
            model.forward().run(TokenBatch.of(prompts), RunOptions.lastLogits().continuing(cache), List.of(), lengths);
            Tensor vectors =
                    Tensor.randn(3, DType.FP32, Device.CPU, rows, model.config().dModel());
            Addition[] additions = new Addition[rows];
            Arrays.setAll(additions, row -> new Shift(vectors.select(0, row).toFloats()));
            GraphDecoder.Step step = model.graphs().orElseThrow().start(cache, Map.of(1, vectors), STEPS);
            try (RowHooks hooks =
                    new RowHooks(Arrays.stream(additions).map(List::of).toList())) {
                for (int i = 0; i < STEPS; i++) {
                    int[] tokens = random.ints(rows, 0, 256).toArray();
                    step.feed(tokens);
                    step.launch();
                    Sampler.Choice[] chosen = step.await();
                    float[][] found = step.logits();
                    int[][] next =
                            Arrays.stream(tokens).mapToObj(id -> new int[] {id}).toArray(int[][]::new);
                    try (TensorScope inner = TensorScope.open("step")) {
                        Tensor expected = model.forward()
                                .run(
                                        TokenBatch.of(next),
                                        RunOptions.lastLogits().continuing(cache),
                                        List.of(hooks),
                                        lengths)
                                .logits();
                        for (int row = 0; row < rows; row++) {
                            assertClose(family + " step " + i + " row " + row, found[row], expected.select(0, row));
                            assertThat(chosen[row]).satisfies(largestOf(found[row]));
                        }
                    }
                }
            }
        }
    }

    private static LoadedTransformer open(String family) {
        Device gpu = Device.cuda(0);
        if (!family.startsWith("wide ")) {
            return LoadedTransformer.open(Golden.folder().resolve(family), gpu, DType.BF16);
        }
        String config = """
                {"model_type": "%s", "hidden_act": "silu", "hidden_size": 512, "num_hidden_layers": 3,
                 "num_attention_heads": 8, "num_key_value_heads": 2, "head_dim": 128, "intermediate_size": 1024,
                 "vocab_size": 272, "max_position_embeddings": 4096, "rms_norm_eps": 1e-6, "tie_word_embeddings": true}
                """.formatted(family.substring("wide ".length()));
        return LoadedTransformer.random(ConfigReader.parse(config, Path.of("config.json")), family, 1, gpu, DType.BF16);
    }

    private static Consumer<Sampler.Choice> largestOf(float[] logits) {
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
        float[] values = expected.toFloats();
        double squares = 0;
        double difference = 0;
        for (int i = 0; i < values.length; i++) {
            squares += Math.pow(values[i], 2);
            difference += Math.pow(values[i] - found[i], 2);
        }
        assertThat(Math.sqrt(difference / squares)).as(what).isLessThan(RELATIVE_ERROR);
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
