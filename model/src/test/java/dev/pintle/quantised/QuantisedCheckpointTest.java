package dev.pintle.quantised;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pintle.base.PintleException;
import dev.pintle.family.ConfigReader;
import dev.pintle.family.WeightSource;
import dev.pintle.quantised.QuantisedFiles.Kind;
import dev.pintle.quantised.QuantisedFiles.Stored;
import dev.pintle.tensor.BlockFormat;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.QuantisedWeight;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.io.SafeTensors;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class QuantisedCheckpointTest {
    private static final String MODULE = "model.layers.0.mlp.down_proj";
    private static final String WEIGHT = MODULE + ".weight";
    private static final int FUZZED = 200;

    @TempDir
    private Path folder;

    // ---------------------------------------------------------------- values

    @ParameterizedTest
    @EnumSource
    void elements_are_those_of_the_documented_formula_and_stay_so_in_memory(Kind kind) {
        int kept = 0;
        for (int[] size : new int[][] {{40, 256}, {72, 96}, {8, 192}}) {
            boolean whole = kind == Kind.PACKED4_ZEROS || kind == Kind.AWQ; // groups divide rows
            if (whole && size[1] != 256) {
                continue;
            }
            try (TensorScope scope = TensorScope.open("test")) {
                Stored stored = QuantisedFiles.random(kind, MODULE, size[0], size[1], new Random(size[0]));
                try (WeightSource weights = source(kind.config(), stored.tensors())) {
                    assertThat(weights.names()).containsExactly(WEIGHT);
                    double[] found = weights.take(WEIGHT, size[0], size[1]).toDoubles();
                    for (int i = 0; i < found.length; i++) {
                        assertThat(Math.abs(found[i] - stored.values()[i]))
                                .isLessThanOrEqualTo(2.5e-7 * Math.abs(stored.values()[i]));
                    }
                    Optional<QuantisedWeight> inMemory = weights.quantised(WEIGHT, scope, size[0], size[1]);
                    if (inMemory.isPresent()) {
                        kept++;
                        assertThat(inMemory.get().decoded(0, size[0]).toDoubles())
                                .isEqualTo(found);
                    }
                }
            }
        }
        assertThat(kept > 0).isEqualTo(kind != Kind.INT_ZEROS && kind != Kind.GPTQ_UNEVEN);
    }

    @ParameterizedTest
    @CsvSource({
        "NF4, 256, NF4_G64",
        "NF4_TWICE, 192, NF4_G64",
        "FP4, 64, FP4_G64",
        "INT8, 256, INT8_G128",
        "INT8, 96, INT8_G32",
        "FP8_BLOCKS, 256, E4M3_G128",
        "FP8_BLOCKS, 160, E4M3_G32",
        "PACKED4, 256, INT4_G32",
        "PACKED4_ZEROS, 256, INT4_G128",
        "GPTQ_ORDER, 64, INT4_G32",
        "AWQ, 256, INT4_G32",
        "GPTQ8, 256, INT8_G128"
    })
    void a_weight_is_kept_in_the_smallest_format_that_has_its_values(Kind kind, int in, BlockFormat format) {
        try (TensorScope scope = TensorScope.open("test")) {
            Stored stored = QuantisedFiles.random(kind, MODULE, 16, in, new Random(1));
            try (WeightSource weights = source(kind.config(), stored.tensors())) {
                assertThat(weights.quantised(WEIGHT, scope, 16, in))
                        .map(QuantisedWeight::format)
                        .contains(format);
            }
        }
    }

    @Test
    void memory_is_about_that_of_the_file_on_a_cpu() {
        try (TensorScope scope = TensorScope.open("test")) {
            Stored stored = QuantisedFiles.random(Kind.PACKED4_ZEROS, MODULE, 64, 1024, new Random(1));
            try (WeightSource weights = source(Kind.PACKED4_ZEROS.config(), stored.tensors())) {
                long kept =
                        weights.quantised(WEIGHT, scope, 64, 1024).orElseThrow().size();
                assertThat(weights.bytes(Device.CPU, DType.FP32).orElseThrow()).isBetween(kept, kept + kept / 4);
                assertThat(weights.bytes(Device.cuda(0), DType.BF16)).isEmpty();
            }
        }
    }

    // ---------------------------------------------------------------- what is refused

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "'quant_method': 'hqq', 'bits': 4 | expected: bitsandbytes (nf4, fp4, int8), fp8,",
                "'quant_method': 'mxfp4' | quantization_config.quant_method",
                "'bits': 4 | if it cannot change what the model computes",
                "'quant_method': 'gptq', 'bits': 3 | expected: 4 or 8",
                "'quant_method': 'gptq', 'bits': 4, 'checkpoint_format': 'marlin' | gptq or gptq_v2",
                "'quant_method': 'gptq', 'bits': 4, 'is_marlin_format': true | quantization_config.is_marlin_format",
                "'quant_method': 'gptq', 'bits': 4, 'group_size': 0 | a positive integer, or -1",
                "'quant_method': 'awq', 'bits': 4, 'version': 'gemv' | gemm or GEMM",
                "'quant_method': 'awq', 'bits': 4, 'zero_point': false | quantization_config.zero_point",
                "'quant_method': 'fp8', 'fmt': 'e5m2' | e4m3",
                "'quant_method': 'fp8', 'weight_block_size': [128] | two positive integers",
                "'quant_method': 'compressed-tensors', 'format': 'nvfp4-pack-quantized' | pack-quantized or int-quantized",
                "'quant_method': 'compressed-tensors', 'format': 'dense' | at least one group of modules",
                "'quant_method': 'compressed-tensors', 'sparsity_config': {'format': 'sparse-24-bitmask'} | format dense"
            })
    void another_way_of_quantising_is_refused_by_name(String keys, String expected) {
        assertThatThrownBy(() -> source("\"quantization_config\": {" + keys.replace('\'', '"') + "}", Map.of()))
                .isInstanceOf(PintleException.class)
                .hasMessageContaining("config.json")
                .hasMessageContaining(expected);
    }

    /** With the keys and values of published models. */
    @ParameterizedTest
    @ValueSource(strings = {"""
                "_load_in_4bit": true, "_load_in_8bit": false, "bnb_4bit_compute_dtype": "bfloat16",
                "bnb_4bit_quant_storage": "uint8", "bnb_4bit_quant_type": "nf4", "bnb_4bit_use_double_quant": true,
                "llm_int8_enable_fp32_cpu_offload": false, "llm_int8_has_fp16_weight": false,
                "llm_int8_skip_modules": ["lm_head", "model.layers.1.mlp"], "llm_int8_threshold": 6.0,
                "load_in_4bit": true, "load_in_8bit": false, "quant_method": "bitsandbytes\"""", """
                "activation_scheme": "dynamic", "fmt": "e4m3", "quant_method": "fp8",
                "weight_block_size": [128, 128], "modules_to_not_convert": ["lm_head"]""", """
                "activation_scheme": "static", "ignored_layers": ["re:.*lm_head"], "kv_cache_scheme": "static",
                "quant_method": "fp8\"""", """
                "batch_size": 1, "bits": 4, "block_name_to_quantize": null, "cache_block_outputs": true,
                "damp_percent": 0.01, "dataset": null, "desc_act": false, "exllama_config": {"version": 1},
                "group_size": 128, "max_input_length": null, "model_seqlen": null, "pad_token_id": null,
                "module_name_preceding_first_block": null, "modules_in_block_to_quantize": null,
                "quant_method": "gptq", "sym": true, "tokenizer": null, "true_sequential": true,
                "use_cuda_fp16": false, "use_exllama": true""", """
                "bits": 4, "group_size": 128, "modules_to_not_convert": null, "quant_method": "awq",
                "version": "gemm", "zero_point": true""", """
                "config_groups": {"group_0": {"input_activations": {"actorder": null, "block_structure": null,
                "dynamic": true, "group_size": null, "num_bits": 8, "observer": null, "observer_kwargs": {},
                "strategy": "token", "symmetric": true, "type": "float"}, "output_activations": null,
                "targets": ["Linear"], "weights": {"actorder": null, "block_structure": null, "dynamic": false,
                "group_size": null, "num_bits": 8, "observer": "minmax", "observer_kwargs": {},
                "strategy": "channel", "symmetric": true, "type": "float"}}}, "format": "float-quantized",
                "global_compression_ratio": null, "ignore": ["lm_head"], "kv_cache_scheme": null,
                "quant_method": "compressed-tensors", "quantization_status": "compressed", "sparsity_config": {}""", """
                "config_groups": {"group_0": {"format": "pack-quantized", "input_activations": null,
                "output_activations": null, "targets": ["Linear"], "weights": {"actorder": "static",
                "block_structure": null, "dynamic": false, "group_size": 128, "num_bits": 4, "observer": "mse",
                "observer_kwargs": {}, "strategy": "group", "symmetric": true, "type": "int"}}},
                "format": "pack-quantized", "ignore": ["lm_head"], "quant_method": "compressed-tensors",
                "quantization_status": "compressed", "transform_config": {}, "version": "0.12.2\""""})
    void configurations_of_published_models_are_understood(String keys) {
        ConfigReader json = config("\"quantization_config\": {" + keys + "}");
        assertThat(Schemes.read(json)).isPresent();
        json.requireAllUnderstood();
    }

    @Test
    void quantised_tensors_without_a_configuration_are_called_so() {
        try (TensorScope scope = TensorScope.open("test")) {
            Stored stored = QuantisedFiles.random(Kind.GPTQ, MODULE, 64, 128, new Random(1));
            try (WeightSource weights = source("\"quantization_config\": null", stored.tensors())) {
                assertThatThrownBy(() -> weights.take(WEIGHT, 64, 128))
                        .hasMessageContaining("missing:    " + WEIGHT)
                        .hasMessageContaining("config.json has no quantization_config");
            }
        }
    }

    @Test
    void a_key_of_the_configuration_that_is_not_understood_is_refused_by_its_path() {
        ConfigReader json =
                config(Kind.PACKED4.config().replace("\"num_bits\": 4", "\"num_bits\": 4, \"rotated\": true"));
        Schemes.read(json);
        assertThatThrownBy(json::requireAllUnderstood)
                .hasMessageContaining("quantization_config.config_groups.group_0.weights.rotated = true");
    }

    /** Tensors by what their names end in, and what is done to them. */
    private void refused(Kind kind, String end, UnaryOperator<Tensor> change, String... expected) {
        try (TensorScope scope = TensorScope.open("test")) {
            Stored stored = QuantisedFiles.random(kind, MODULE, 64, 128, new Random(1));
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            stored.tensors().forEach((name, tensor) -> {
                Tensor changed = name.endsWith(end) ? change.apply(tensor) : tensor;
                if (changed != null) {
                    tensors.put(name, changed);
                }
            });
            for (boolean kept : new boolean[] {true, false}) {
                assertThatThrownBy(() -> {
                            try (WeightSource weights = source(kind.config(), tensors)) {
                                if (kept) {
                                    weights.quantised(WEIGHT, scope, 64, 128);
                                }
                                weights.take(WEIGHT, 64, 128);
                            }
                        })
                        .as(kind + " " + end)
                        .isInstanceOf(PintleException.class)
                        .hasMessageContaining(folder.toString())
                        .satisfies(e -> assertThat(e.getMessage()).contains(expected));
            }
        }
    }

    @Test
    void missing_tensors_are_named() {
        refused(Kind.GPTQ, "scales", t -> null, MODULE + ".scales", "missing");
        refused(Kind.AWQ, "qzeros", t -> null, MODULE + ".qzeros");
        refused(Kind.GPTQ_ORDER, "g_idx", t -> null, MODULE + ".g_idx");
        refused(Kind.NF4, "absmax", t -> null, MODULE + ".weight.absmax");
        refused(Kind.NF4_TWICE, "nested_quant_map", t -> null, MODULE + ".weight.nested_quant_map");
        refused(Kind.PACKED4, "weight_shape", t -> null, MODULE + ".weight_shape");
        String lacks = "A quantised weight lacks the tensors that say how to decode it.";
        refused(Kind.INT8, "SCB", t -> null, lacks, WEIGHT, "int8");
        refused(Kind.FP8_BLOCKS, "scale_inv", t -> null, lacks, WEIGHT, "fp8_e4m3");
        refused(Kind.NF4, "nf4", t -> null, lacks, WEIGHT, "uint8");
    }

    @Test
    void other_shapes_are_named_with_what_was_expected() {
        String shape = "A tensor of a quantised weight does not have the shape that its layout gives it.";
        UnaryOperator<Tensor> shorter = t -> t.narrow(0, 0, t.size(0) - 1).contiguous();
        refused(Kind.GPTQ, "qweight", shorter, shape, MODULE + ".qweight", "[16, 64] for 4 bits");
        refused(Kind.GPTQ, "scales", shorter, shape, "4 rows, since quantization_config gives groups of 32 columns");
        refused(Kind.GPTQ, "qzeros", t -> t.to(DType.FP32), shape, "[4, 8] int32", "[4, 8] fp32");
        refused(Kind.AWQ, "qzeros", shorter, shape, MODULE + ".qzeros");
        refused(Kind.FP8_BLOCKS, "weight", shorter, shape, "[64, 128] fp8_e4m3", "[63, 128]");
        refused(Kind.FP8_ROWS, "weight_scale", shorter, shape, "[64, 1]", "[63, 1]");
        refused(Kind.PACKED4, "weight_packed", shorter, shape, "[63, 16] int32");
        refused(Kind.PACKED4_ZEROS, "zero_point", shorter, shape, "[8, 1] int32");
        refused(Kind.NF4, ".weight", shorter, shape, "4096 bytes for 8192 elements");
        refused(Kind.NF4, "absmax", shorter, shape, "[128]");
        refused(Kind.INT8, "SCB", shorter, shape, "[64]");
        refused(Kind.INT_ROWS, "weight", t -> t.narrow(1, 0, 64).contiguous(), shape, "[64, 128] int8");
    }

    @Test
    void lies_are_refused() {
        refused(
                Kind.GPTQ_ORDER,
                "g_idx",
                t -> t.plus(1).to(DType.INT32),
                "A column of a quantised weight belongs to a group that has no scale.",
                "expected:   0 to 3",
                "but was:    4");
        String scale = "A scale of a quantised weight is not a number that a weight can have.";
        refused(Kind.GPTQ, "scales", t -> t.times(Double.NaN), scale, MODULE + ".scales", "NaN");
        refused(Kind.FP8_BLOCKS, "scale_inv", t -> t.to(DType.FP32).times(1e38), scale, "weight_scale_inv");
        refused(Kind.NF4, "absmax", t -> t.times(Double.POSITIVE_INFINITY), scale, "Infinity");
        refused(Kind.NF4, "quant_map", t -> t.times(Double.NaN), "The numbers that codes stand for are not usable.");
        refused(Kind.INT8, "weight_format", t -> t.plus(1).to(DType.UINT8), "0, row by row");
        refused(
                Kind.PACKED4,
                "weight_shape",
                t -> t.plus(1).to(DType.INT64),
                "A weight's shape does not match",
                "[65, 129]");
        refused(Kind.NF4, "nf4", t -> t.narrow(0, 0, 20).contiguous(), "is not valid JSON", "quant_state");
        refused(Kind.NF4, "nf4", t -> json("{\"blocksize\": 32, \"shape\": [64, 128]}"), "[256]");
        refused(Kind.NF4, "nf4", t -> json("{\"blocksize\": 0, \"shape\": [64, 128]}"), "a positive integer");
        refused(Kind.NF4, "nf4", t -> json("{\"blocksize\": 64, \"shape\": [128, 64]}"), "[64, 128]");
        refused(Kind.NF4, "nf4", t -> json("{\"blocksize\": 64, \"shape\": [64, 128], \"x\": 1}"), "only the keys");
    }

    private static Tensor json(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return Tensor.ofBytes(bytes, DType.UINT8, bytes.length);
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"ignore\": [\"lm_head\"", "\"modules_to_not_convert\": [\"a\""})
    void a_weight_that_the_configuration_says_is_plain_must_be(String list) {
        Kind kind = list.contains("ignore") ? Kind.PACKED4 : Kind.GPTQ;
        String config = kind.config().contains("\"ignore\"")
                ? kind.config().replace("\"lm_head\"", "\"" + MODULE + "\"")
                : kind.config().replace("{", "{\"modules_to_not_convert\": [\"" + MODULE + "\"], ");
        try (TensorScope scope = TensorScope.open("test")) {
            Stored stored = QuantisedFiles.random(kind, MODULE, 64, 128, new Random(1));
            assertThatThrownBy(() -> source(config, stored.tensors()))
                    .hasMessageStartingWith("A weight is quantised that the configuration says is not.")
                    .hasMessageContaining(WEIGHT);
            Map<String, Tensor> both = new LinkedHashMap<>(stored.tensors());
            both.put(WEIGHT, Tensor.zeros(DType.FP16, Device.CPU, 64, 128));
            assertThatThrownBy(() -> source(kind.config(), both))
                    .hasMessageStartingWith("A weight is stored both quantised and plain.");
        }
    }

    @Test
    void a_bias_of_zeros_that_quantisers_add_is_passed_over_and_another_is_not() {
        try (TensorScope scope = TensorScope.open("test")) {
            Stored stored = QuantisedFiles.random(Kind.GPTQ, MODULE, 64, 128, new Random(1));
            Map<String, Tensor> tensors = new LinkedHashMap<>(stored.tensors());
            tensors.put(MODULE + ".bias", Tensor.randn(1, DType.FP32, Device.CPU, 64));
            try (WeightSource weights = source(Kind.GPTQ.config(), tensors)) {
                assertThat(weights.names()).containsExactlyInAnyOrder(WEIGHT, MODULE + ".bias");
            }
        }
    }

    // ---------------------------------------------------------------- damage

    @Test
    void damaged_tensors_and_configurations_are_read_or_refused_with_a_sentence() {
        Random random = new Random(11);
        int refused = 0;
        for (int i = 0; i < FUZZED; i++) {
            Kind kind = Kind.values()[i % Kind.values().length];
            try (TensorScope scope = TensorScope.open("test")) {
                Map<String, Tensor> tensors = new LinkedHashMap<>(
                        QuantisedFiles.random(kind, MODULE, 16, 128, random).tensors());
                List<String> names = new ArrayList<>(tensors.keySet());
                String name = names.get(random.nextInt(names.size()));
                boolean ofConfig = random.nextInt(3) == 0;
                if (!ofConfig) {
                    tensors.put(name, damaged(tensors.remove(name), random));
                }
                String config = ofConfig ? damaged(kind.config(), random) : kind.config();
                try (WeightSource weights = source(config, tensors)) {
                    for (String each : weights.names()) {
                        weights.quantised(each, scope, 16, 128);
                        weights.take(each, 16, 128);
                    }
                } catch (PintleException e) {
                    refused++;
                    assertThat(e.getMessage()).isNotBlank().hasSizeLessThan(2000);
                }
            }
        }
        assertThat(refused).isBetween(FUZZED / 3, FUZZED);
    }

    private static Tensor damaged(Tensor tensor, Random random) {
        DType[] dtypes = DType.values();
        long elements = tensor.shape().elements();
        return switch (random.nextInt(7)) {
            case 0 -> tensor.to(dtypes[random.nextInt(dtypes.length)]);
            case 1 ->
                tensor.reshape(-1)
                        .narrow(0, 0, random.nextInt((int) elements + 1))
                        .contiguous();
            case 2 -> tensor.reshape(1, elements);
            case 3 -> tensor.reshape(elements);
            case 4 -> Tensor.cat(List.of(tensor.reshape(-1), tensor.reshape(-1)), 0);
            case 5 -> tensor.shape().rank() == 2 ? tensor.transpose(0, 1).contiguous() : tensor.reshape(-1, 1);
            default -> {
                byte[] bytes = tensor.toBytes();
                for (int changes = 1 + random.nextInt(20); changes > 0; changes--) {
                    bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
                }
                yield Tensor.ofBytes(bytes, tensor.dtype(), tensor.shape().toArray());
            }
        };
    }

    private static String damaged(String config, Random random) {
        List<String> others = List.of(
                "null",
                "-1",
                "0",
                "1",
                "3",
                "1e9",
                "9223372036854775807",
                "true",
                "\"\"",
                "[]",
                "{}",
                "[0, -1]",
                "[1, 1]");
        String[] parts = config.split("(?<=: )", -1);
        int at = 2 + random.nextInt(Math.max(1, parts.length - 2));
        if (at < parts.length) {
            parts[at] = parts[at].replaceFirst(
                    "^(\"[^\"]*\"|[\\w.-]+|\\[[^\\]]*\\])", others.get(random.nextInt(others.size())));
        }
        return String.join("", parts);
    }

    private WeightSource source(String config, Map<String, Tensor> tensors) {
        ConfigReader json = config(config);
        SafeTensors.write(folder.resolve("model.safetensors"), tensors, Map.of());
        WeightSource source = QuantisedCheckpoint.open(json, folder, note -> {});
        try {
            json.requireAllUnderstood();
        } catch (RuntimeException e) {
            source.close();
            throw e;
        }
        return source;
    }

    private ConfigReader config(String keys) {
        return ConfigReader.parse("{\"model_type\": \"llama\", " + keys + "}", folder.resolve("config.json"));
    }
}
