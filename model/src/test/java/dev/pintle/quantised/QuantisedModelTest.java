package dev.pintle.quantised;

import static dev.pintle.testkit.TensorAssert.assertThatTensor;
import static org.assertj.core.api.Assertions.assertThat;

import dev.pintle.base.Problem;
import dev.pintle.model.LanguageModel;
import dev.pintle.model.LoadOptions;
import dev.pintle.model.Quantisation;
import dev.pintle.quantised.QuantisedFiles.Kind;
import dev.pintle.quantised.QuantisedFiles.Stored;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.io.Checkpoint;
import dev.pintle.tensor.io.SafeTensors;
import dev.pintle.testkit.Golden;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.Run;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class QuantisedModelTest {
    private static final int[] IDS = {3, 90, 17, 42, 9, 9, 61};
    private static final int WIDTH = 128;
    private static final int INNER = 256;
    private static final int LAYERS = 2;
    private static final String CONFIG = """
            {"model_type": "llama", "hidden_size": 128, "intermediate_size": 256, "num_hidden_layers": 2,
            "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 96, "max_position_embeddings": 64,
            "rms_norm_eps": 1e-6, "rope_theta": 10000.0, "hidden_act": "silu", "tie_word_embeddings": true}""";

    @TempDir
    private Path folder;

    @ParameterizedTest
    @EnumSource
    void every_layer_and_the_logits_are_those_of_the_decoded_weights(Kind kind) throws IOException {
        try (TensorScope scope = TensorScope.open("test")) {
            write(CONFIG, llama(), kind);
            compare(DType.FP32, 2e-5);
        }
    }

    /** Fused maps, biases, experts, and rows that no block divides, which are decoded. */
    @ParameterizedTest
    @CsvSource({
        "phi3, NF4",
        "phi3, GPTQ",
        "qwen2, INT8",
        "qwen2, GPTQ_ORDER",
        "families/mixtral, FP8_BLOCKS",
        "families/gpt_neox, PACKED4",
        "gemma2, NF4_TWICE"
    })
    void other_families_are_read_alike(String family, Kind kind) throws IOException {
        Path model = Golden.folder().resolve(family);
        try (TensorScope scope = TensorScope.open("test");
                Checkpoint checkpoint = SafeTensors.open(model)) {
            Map<String, Tensor> plain = new LinkedHashMap<>();
            checkpoint.names().forEach(name -> plain.put(name, checkpoint.tensor(name)));
            write(Files.readString(model.resolve("config.json")), plain, kind);
            compare(DType.FP32, 2e-5);
        }
    }

    @Test
    void other_dtypes_are_of_what_lies_between_the_matrices() throws IOException {
        try (TensorScope scope = TensorScope.open("test")) {
            write(CONFIG, llama(), Kind.FP8_BLOCKS);
            compare(DType.FP64, 2e-6);
            compare(DType.BF16, 0.05);
        }
    }

    @Test
    void what_the_original_rounds_beside_the_weights_is_told() throws IOException {
        try (TensorScope scope = TensorScope.open("test")) {
            write(CONFIG, llama(), Kind.FP8_BLOCKS);
            List<Problem> notes = new ArrayList<>();
            LanguageModel.load(
                            folder.resolve("quantised").toString(),
                            LoadOptions.of(Device.CPU, DType.FP32).telling(notes::add))
                    .close();
            assertThat(notes).hasSize(1);
            assertThat(notes.get(0).toString())
                    .isEqualTo("Only weights are rounded as in the original, activations are not.\n"
                            + "  original:   the original rounds them to 8 bits\n"
                            + "  used:       the file's weights, exactly, with activations in --dtype\n"
                            + "  checkpoint: " + folder.resolve("quantised"));
            Path config = folder.resolve("plain/config.json");
            Files.writeString(config, CONFIG.replaceFirst("\\{", "{" + Kind.NF4.config() + ","));
            notes.clear();
            LanguageModel.load(
                            folder.resolve("plain").toString(),
                            LoadOptions.of(Device.CPU, DType.FP32).telling(notes::add))
                    .close();
            assertThat(notes.get(0).sentence())
                    .isEqualTo("The configuration says that weights are quantised, but none is.");
        }
    }

    @Test
    void rounding_takes_what_is_not_quantised_yet() throws IOException {
        try (TensorScope scope = TensorScope.open("test")) {
            write(CONFIG, llama(), Kind.NF4);
            LoadOptions plain = LoadOptions.of(Device.CPU, DType.FP32);
            try (LanguageModel rounded = LanguageModel.load(
                            folder.resolve("quantised").toString(), plain.quantising(Quantisation.INT8));
                    LanguageModel stored =
                            LanguageModel.load(folder.resolve("quantised").toString(), plain)) {
                assertThat(stored.storage()).isEqualTo("bitsandbytes 4-bit; 14 matrices kept in NF4_G64");
                assertThat(rounded.id().revision()).isEqualTo(stored.id().revision() + "+int8");
                Tensor expected = run(stored, HookPoint.residPost(1));
                Tensor found = run(rounded, HookPoint.residPost(1));
                double far = found.minus(expected).norm(-1, false).sum().item()
                        / expected.norm(-1, false).sum().item();
                assertThat(far).isBetween(1e-5, 0.02); // the embedding's rounding, and that only
            }
        }
    }

    private static Tensor run(LanguageModel model, HookPoint at) {
        return model.run(TokenBatch.of(IDS), RunOptions.reading(at)).row(at, 0);
    }

    private void compare(DType dtype, double tolerance) {
        LoadOptions options = LoadOptions.of(Device.CPU, dtype).telling(note -> {});
        try (LanguageModel quantised =
                        LanguageModel.load(folder.resolve("quantised").toString(), options);
                LanguageModel plain = LanguageModel.load(folder.resolve("plain").toString(), options)) {
            List<HookPoint> points = new ArrayList<>();
            for (int layer = 0; layer < plain.config().nLayers(); layer++) {
                points.add(HookPoint.residPost(layer));
            }
            RunOptions all = RunOptions.allLogits().andReading(points.toArray(HookPoint[]::new));
            Run found = quantised.run(TokenBatch.of(IDS), all);
            Run expected = plain.run(TokenBatch.of(IDS), all);
            for (HookPoint point : points) {
                assertThatTensor(found.row(point, 0)).isCloseTo(expected.row(point, 0), tolerance);
            }
            assertThatTensor(found.logits()).isCloseTo(expected.logits(), tolerance);
        }
    }

    private static Map<String, Tensor> llama() {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        tensors.put("model.embed_tokens.weight", Tensor.randn(1, DType.FP32, Device.CPU, 96, WIDTH));
        tensors.put("model.norm.weight", Tensor.randn(2, DType.FP32, Device.CPU, WIDTH));
        for (int layer = 0; layer < LAYERS; layer++) {
            String at = "model.layers." + layer + ".";
            tensors.put(at + "input_layernorm.weight", Tensor.randn(3, DType.FP32, Device.CPU, WIDTH));
            tensors.put(at + "post_attention_layernorm.weight", Tensor.randn(4, DType.FP32, Device.CPU, WIDTH));
            for (String map : List.of("q_proj", "k_proj", "v_proj", "o_proj")) {
                long out = map.startsWith("q") || map.startsWith("o") ? WIDTH : WIDTH / 2;
                tensors.put(at + "self_attn." + map + ".weight", Tensor.zeros(DType.FP32, Device.CPU, out, WIDTH));
            }
            tensors.put(at + "mlp.gate_proj.weight", Tensor.zeros(DType.FP32, Device.CPU, INNER, WIDTH));
            tensors.put(at + "mlp.up_proj.weight", Tensor.zeros(DType.FP32, Device.CPU, INNER, WIDTH));
            tensors.put(at + "mlp.down_proj.weight", Tensor.zeros(DType.FP32, Device.CPU, WIDTH, INNER));
        }
        return tensors;
    }

    /** Writes the model with random linear maps in blocks, quantised and plain. */
    private void write(String config, Map<String, Tensor> tensors, Kind kind) throws IOException {
        Map<String, Tensor> plain = new LinkedHashMap<>(tensors);
        Map<String, Tensor> quantised = new LinkedHashMap<>();
        Random random = new Random(5);
        tensors.forEach((name, tensor) -> {
            boolean map = name.contains("layers.") && tensor.shape().rank() == 2 && !name.contains("gate.weight");
            if (!map) {
                quantised.put(name, tensor);
                return;
            }
            int out = tensor.shape().intSize(0);
            int in = tensor.shape().intSize(1);
            Stored stored = QuantisedFiles.random(kind, name.replaceFirst("\\.weight$", ""), out, in, random);
            stored.tensors().forEach((part, value) -> {
                if (!tensors.containsKey(part) || part.equals(name)) {
                    quantised.put(part, value); // the model's own biases stay
                }
            });
            plain.put(name, Tensor.of(stored.values(), out, in).to(DType.FP32));
        });
        for (String each : List.of("plain", "quantised")) {
            Files.createDirectories(folder.resolve(each));
            boolean whole = each.equals("plain");
            Files.writeString(
                    folder.resolve(each + "/config.json"),
                    whole
                            ? config
                            : config.replaceFirst("\\{", "{" + kind.config().replace("$", "\\$") + ","));
            SafeTensors.write(folder.resolve(each + "/model.safetensors"), whole ? plain : quantised, Map.of());
        }
    }
}
