package dev.pintle.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pintle.base.Json;
import dev.pintle.gguf.GgufSummary;
import dev.pintle.gguf.GgufWeights;
import dev.pintle.hub.ModelFolders;
import dev.pintle.tensor.BlockFormat;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.testkit.Golden;
import dev.pintle.text.Message;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.Run;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class GgufModelTest {
    private static final List<BlockFormat> OF_32 = List.of(
            BlockFormat.Q8_0,
            BlockFormat.Q5_0,
            BlockFormat.Q4_1,
            BlockFormat.Q5_1,
            BlockFormat.Q4_0,
            BlockFormat.IQ4_NL,
            BlockFormat.MXFP4);

    @TempDir
    private Path folder;

    static List<String> models() throws IOException {
        List<String> models = new ArrayList<>();
        for (String model : Golden.models()) {
            String type = Json.file(Golden.folder().resolve(model).resolve("config.json"))
                    .path("model_type")
                    .asText();
            if (GgufOf.isPossible(type) && !model.endsWith("gpt2_scaled") && !model.endsWith("mistral_window")) {
                models.add(model);
            }
        }
        return models;
    }

    @ParameterizedTest
    @MethodSource("models")
    void a_file_with_plain_numbers_gives_what_its_safetensors_give(String model) throws IOException {
        for (String type : List.of("F32", "F16", "BF16")) {
            compare(model, (name, tensor) -> type, 2e-6);
        }
    }

    @ParameterizedTest
    @MethodSource("models")
    void a_quantised_file_gives_what_its_decoded_weights_give(String model) throws IOException {
        int[] next = {0};
        compare(
                model,
                (name, tensor) -> {
                    for (int tries = 0; tries < OF_32.size(); tries++) {
                        BlockFormat format = OF_32.get(next[0]++ % OF_32.size());
                        if (tensor.size(-1) % format.block() == 0) {
                            return format.name();
                        }
                    }
                    return "F16";
                },
                2e-5);
    }

    @Test
    void formats_of_256_elements_are_read_in_a_model_whose_rows_allow_them() throws IOException {
        List<BlockFormat> all = List.of(
                BlockFormat.Q4_K,
                BlockFormat.Q6_K,
                BlockFormat.Q5_K,
                BlockFormat.Q3_K,
                BlockFormat.Q2_K,
                BlockFormat.IQ4_XS);
        int[] next = {0};
        compare(
                Golden.parley(),
                (name, tensor) -> tensor.size(-1) % 256 == 0
                        ? all.get(next[0]++ % all.size()).name()
                        : "Q8_0",
                2e-5);
    }

    @Test
    void parley_from_a_file_writes_and_reads_what_parley_does() throws IOException {
        try (TensorScope scope = TensorScope.open("test")) {
            Path gguf = folder.resolve("parley.gguf");
            GgufOf.write(Golden.parley(), (name, tensor) -> "F32", gguf, folder.resolve("plain"));
            try (LanguageModel file = LanguageModel.load(gguf.toString(), Device.CPU, DType.FP32);
                    LanguageModel parley = LanguageModel.load("parley-7m", Device.CPU, DType.FP32)) {
                List<Message> question = List.of(Message.user("Tell me about the whale. It's 1,234 metres\n\n long!"));
                int[] ids = parley.chatTokens(question);
                assertThat(file.chatTokens(question)).isEqualTo(ids);
                assertThat(file.tokenizer().encode("Ahoy, matey! ünïcödé 12345"))
                        .isEqualTo(parley.tokenizer().encode("Ahoy, matey! ünïcödé 12345"));
                assertThat(file.stopIds()).containsAll(List.of(4));
                assertThat(file.id().revision()).startsWith("content-");
                Decoding greedy = Decoding.greedy(24);
                assertThat(file.generate(ids, greedy).text())
                        .isEqualTo(parley.generate(ids, greedy).text());
            }
        }
    }

    @Test
    void a_file_in_the_dtype_of_the_model_is_mapped_although_routers_and_biases_are_in_fp32() throws IOException {
        Path gguf = folder.resolve("experts.gguf");
        Path model = Golden.folder().resolve("families/gpt_oss");
        try (TensorScope scope = TensorScope.open("test")) {
            GgufOf.write(model, (name, tensor) -> "F16", gguf, folder.resolve("plain"));
        }
        try (GgufWeights weights = GgufWeights.open(gguf)) {
            assertThat(weights.isMapped(Device.CPU, DType.FP16)).isTrue();
            assertThat(weights.isMapped(Device.CPU, DType.BF16)).isFalse();
        }
    }

    private void compare(String model, BiFunction<String, Tensor, String> type, double tolerance) throws IOException {
        compare(Golden.folder().resolve(model), type, tolerance);
    }

    private void compare(Path model, BiFunction<String, Tensor, String> type, double tolerance) throws IOException {
        try (TensorScope scope = TensorScope.open("test")) {
            Path gguf = folder.resolve("model.gguf");
            Path plain = folder.resolve("plain");
            GgufOf.write(model, type, gguf, plain);
            TokenBatch batch = TokenBatch.of(
                    new int[] {1, 17, 200, 33, 90, 4, 4, 119, 63, 250, 8, 77, 101, 5, 6, 7, 9, 31, 64, 2});
            try (LoadedTransformer from = LoadedTransformer.open(described(gguf), Device.CPU, DType.FP32);
                    LoadedTransformer expected = LoadedTransformer.open(plain, Device.CPU, DType.FP32);
                    LoadedTransformer precise = LoadedTransformer.open(plain, Device.CPU, DType.FP64)) {
                GgufSummary summary = GgufSummary.of(gguf);
                assertThat(summary.obstacle()).isNull();
                assertThat(summary.config()).isEqualTo(from.config());
                List<HookPoint> layers = IntStream.range(0, expected.config().nLayers())
                        .mapToObj(HookPoint::residPost)
                        .toList();
                RunOptions options = RunOptions.reading(layers).withLogits(RunOptions.Logits.ALL);
                Run found = from.forward().run(batch, options, List.of(), new int[] {batch.tokens()});
                Run right = expected.forward().run(batch, options, List.of(), new int[] {batch.tokens()});
                Run exact = precise.forward().run(batch, options, List.of(), new int[] {batch.tokens()});
                for (HookPoint layer : layers) {
                    assertNear(
                            model + " " + layer,
                            found.row(layer, 0),
                            right.row(layer, 0),
                            exact.row(layer, 0),
                            tolerance);
                }
                assertNear(
                        model + " logits",
                        found.logits().select(0, 0),
                        right.logits().select(0, 0),
                        exact.logits().select(0, 0),
                        tolerance);
            }
        }
    }

    private static Path described(Path gguf) {
        return GgufFolder.of(ModelFolders.find(gguf.toString()));
    }

    /** The largest difference, relative to the largest number. */
    /** Within a tolerance of what FP64 gives, or nearly as near as the same weights in FP32 come to that on this CPU. */
    private static void assertNear(String what, Tensor found, Tensor inFp32, Tensor exact, double tolerance) {
        assertThat(difference(found, exact)).as(what).isLessThan(Math.max(tolerance, 2 * difference(inFp32, exact)));
    }

    private static double difference(Tensor found, Tensor expected) {
        double[] a = found.toDoubles();
        double[] b = expected.toDoubles();
        double largest = 0;
        double difference = 0;
        for (int i = 0; i < b.length; i++) {
            largest = Math.max(largest, Math.abs(b[i]));
            difference = Math.max(difference, Double.isNaN(a[i]) ? Double.POSITIVE_INFINITY : Math.abs(a[i] - b[i]));
        }
        return difference / largest;
    }
}
