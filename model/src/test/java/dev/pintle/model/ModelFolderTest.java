package dev.pintle.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import dev.pintle.family.ConfigReader;
import dev.pintle.family.Families;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.io.Checkpoint;
import dev.pintle.tensor.io.SafeTensors;
import dev.pintle.testkit.Golden;
import dev.pintle.transformer.ModelConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ModelFolderTest {
    @TempDir
    Path folder;

    private void copy(String family) throws IOException {
        for (String file : new String[] {"config.json", "model.safetensors"}) {
            Files.copy(
                    Golden.folder().resolve(family).resolve(file),
                    folder.resolve(file),
                    StandardCopyOption.REPLACE_EXISTING);
        }
    }

    private void config(String from, String to) throws IOException {
        Path file = folder.resolve("config.json");
        String text = Files.readString(file);
        assertThat(text).contains(from);
        Files.writeString(file, text.replace(from, to));
    }

    private void open() {
        LoadedTransformer.open(folder, Device.CPU, DType.FP32).close();
    }

    @Test
    void a_key_that_changes_results_and_is_not_understood_is_named() throws IOException {
        copy("llama31");
        config("\"vocab_size\"", "\"sparse_attention\": true, \"vocab_size\"");
        assertThatThrownBy(this::open)
                .isInstanceOf(PintleException.class)
                .hasMessage("The model's configuration has keys that are not understood.\n  file: "
                        + folder.resolve("config.json")
                        + "\n  key:  sparse_attention = true\n"
                        + "  try:  --ignore-config sparse_attention if it cannot change what the model computes");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\"unsloth_fixed\": true",
                "\"unsloth_version\": \"2025.3.19\"",
                "\"_name_or_path\": \"meta-llama/Llama-3.1-8B\"",
                "\"use_flash_attention_2\": true",
                "\"_attn_implementation\": \"eager\"",
                "\"hidden_dropout\": 0.1",
                "\"tokenizer_model_max_length\": 4096",
                "\"sep_token_id\": 3",
                "\"pad_token\": \"<pad>\"",
                "\"gradient_checkpointing\": true",
                "\"quantization_config\": null",
                "\"quantization_config\": {}",
                "\"task_specific_params\": {\"a\": 1}",
                "\"is_decoder\": false",
                "\"use_moe\": false",
                "\"note\": \"\"",
                "\"pruned_heads\": {}"
            })
    void keys_that_cannot_change_a_result_are_passed_over(String key) throws IOException {
        copy("llama31");
        config("\"vocab_size\"", key + ", \"vocab_size\"");
        open();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\"use_rope\": false",
                "\"is_causal\": false",
                "\"use_moe\": true",
                "\"logit_scale\": 0",
                "\"residual_multiplier\": 0.5",
                "\"quantization_config\": {\"bits\": 4}"
            })
    void keys_that_may_change_a_result_are_refused_until_they_are_ignored_by_name(String key) throws IOException {
        copy("llama31");
        config("\"vocab_size\"", key + ", \"vocab_size\"");
        String name = key.replaceAll("^\"(\\w+)\".*", "$1");
        assertThatThrownBy(this::open)
                .hasMessageContaining("--ignore-config " + name + " if it cannot change what the model computes");
        LoadedTransformer.open(folder, LoadOptions.of(Device.CPU, DType.FP32).ignoringConfig(name))
                .close();
    }

    @Test
    void a_key_to_ignore_that_is_not_there_is_an_error() throws IOException {
        copy("llama31");
        assertThatThrownBy(() -> LoadedTransformer.open(
                        folder, LoadOptions.of(Device.CPU, DType.FP32).ignoringConfig("sparse")))
                .hasMessageStartingWith("The model's configuration has no such key to ignore.")
                .hasMessageContaining("key:  sparse");
    }

    @Test
    void a_long_value_or_key_is_not_printed_whole() throws IOException {
        copy("llama31");
        config("\"vocab_size\"", "\"sparse\": \"" + "x".repeat(3_000_000) + "\", \"vocab_size\"");
        assertThatThrownBy(this::open)
                .message()
                .contains("(3,000,002 characters)")
                .hasSizeLessThan(1000);
        copy("llama31");
        config("\"vocab_size\"", "\"" + "k".repeat(40_000) + "\": 1, \"vocab_size\"");
        assertThatThrownBy(this::open).message().contains("(40,000 characters)").hasSizeLessThan(1000);
        copy("llama31");
        config("\"hidden_act\": \"silu\"", "\"hidden_act\": \"" + "y".repeat(3_000_000) + "\"");
        assertThatThrownBy(this::open)
                .message()
                .contains("(3,000,002 characters)")
                .hasSizeLessThan(1000);
    }

    @Test
    void a_key_that_is_there_twice_is_refused() throws IOException {
        copy("llama31");
        config("\"vocab_size\"", "\"rms_norm_eps\": 1e-3, \"vocab_size\"");
        assertThatThrownBy(this::open).hasMessageContaining("the key 'rms_norm_eps' is in an object twice");
    }

    @Test
    void an_unknown_family_lists_those_that_are_understood() throws IOException {
        copy("llama31");
        config("\"model_type\": \"llama\"", "\"model_type\": \"mamba\"");
        assertThatThrownBy(this::open)
                .hasMessageContaining(
                        "expected: cohere, cohere2, exaone4, gemma, gemma2, gemma3_text, gemma3, glm, glm4, gpt2, gpt_neox,")
                .hasMessageContaining("but was:  \"mamba\"");
    }

    @Test
    void a_key_of_the_text_model_is_named_with_the_part_that_has_it() throws IOException {
        copy("families/gemma3_wrapper");
        config("\"query_pre_attn_scalar\"", "\"sparse_attention\": true, \"query_pre_attn_scalar\"");
        assertThatThrownBy(this::open)
                .hasMessageContaining("key:  text_config.sparse_attention = true\n"
                        + "  try:  --ignore-config text_config.sparse_attention if it cannot change");
        LoadedTransformer.open(
                        folder, LoadOptions.of(Device.CPU, DType.FP32).ignoringConfig("text_config.sparse_attention"))
                .close();
        config("\"hidden_size\": 64", "\"hidden_size\": -64");
        assertThatThrownBy(this::open)
                .hasMessageContaining("key:      text_config.hidden_size\n  expected: a positive integer");
        copy("families/gemma3_wrapper");
        config("\"model_type\": \"gemma3_text\"", "\"model_type\": \"gemma4_text\"");
        assertThatThrownBy(this::open)
                .hasMessageContaining("key:      text_config.model_type\n  expected: gemma3_text");
    }

    @Test
    void what_the_text_model_of_gemma_3_leaves_out_has_its_defaults() throws IOException {
        Files.writeString(folder.resolve("config.json"), """
                {"model_type": "gemma3", "mm_tokens_per_image": 256, "vision_config": {"model_type": "siglip_vision_model"},
                 "text_config": {"model_type": "gemma3_text", "hidden_size": 2560, "intermediate_size": 10240,
                 "num_hidden_layers": 34, "rope_scaling": {"factor": 8.0, "rope_type": "linear"}, "sliding_window": 1024}}""");
        ConfigReader json = ConfigReader.open(folder.resolve("config.json"));
        ModelConfig config = Families.of(json).config(json);
        assertThat(config.dVocab()).isEqualTo(262_208);
        assertThat(config.heads()).isEqualTo(new ModelConfig.Heads(8, 4, 256));
        assertThat(config.maxPositions()).isEqualTo(131_072);
        assertThat(config.tiedEmbeddings()).isTrue();
        assertThat(config.family()).isEqualTo("gemma3_text");
    }

    @Test
    void names_of_gpt2_without_a_head_and_with_masks_are_read() throws IOException {
        rewrite("families/gpt2", weights -> {
            rename(weights, name -> name.replaceFirst("^transformer\\.", ""));
            weights.put("h.1.attn.bias", Tensor.of(new float[] {1}, 1, 1, 1, 1));
            weights.put("h.1.attn.masked_bias", Tensor.of(new float[] {-1e4f}, 1));
        });
        open();
        rewrite("families/gpt2", weights -> weights.put("lm_head.weight", weights.get("transformer.wte.weight")));
        open();
        List<Problem> notes = new ArrayList<>();
        rewrite("families/gpt2", weights -> {
            Tensor embedding = Objects.requireNonNull(weights.get("transformer.wte.weight"));
            weights.put("lm_head.weight", embedding.times(2).to(embedding.dtype()));
        });
        LoadedTransformer.open(folder, LoadOptions.of(Device.CPU, DType.FP32).telling(notes::add))
                .close();
        assertThat(notes).singleElement().asString().contains("lm_head.weight differs from transformer.wte.weight");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"n_head\": 4 | \"n_head\": 5 | n_head | a divisor of n_embd = 64",
                "\"n_layer\": 4 | \"n_layer\": 0 | n_layer | a positive integer",
                "\"n_inner\": null | \"n_inner\": -1 | n_inner | a positive integer",
                "\"n_embd\": 64 | \"n_embd\": 2000000000 | n_embd | at most 536870911",
                "\"gelu_new\" | \"relu\" | activation_function | gelu_new or gelu_pytorch_tanh",
                "\"add_cross_attention\": false | \"add_cross_attention\": true | add_cross_attention | false",
            })
    void a_value_that_gpt2_cannot_have_is_named(String from, String to, String key, String expected)
            throws IOException {
        copy("families/gpt2");
        config(from, to);
        assertThatThrownBy(this::open)
                .isInstanceOf(PintleException.class)
                .hasMessageContaining("key:      " + key + "\n  expected: " + expected + "\n");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"num_local_experts\": 8 | \"num_local_experts\": 0 | num_local_experts | a positive integer",
                "\"num_local_experts\": 8 | \"num_local_experts\": 1 | num_experts_per_tok | at most num_local_experts = 1",
                "\"num_local_experts\": 8 | \"num_local_experts\": 8, \"num_experts\": 9 | num_local_experts | 9",
                "\"moe_intermediate_size\": 48 | \"moe_intermediate_size\": 1.5 | moe_intermediate_size | a positive integer",
                "\"decoder_sparse_step\": 1 | \"decoder_sparse_step\": -1 | decoder_sparse_step | a positive integer",
                "\"norm_topk_prob\": true | \"norm_topk_prob\": 1 | norm_topk_prob | true or false",
            })
    void a_value_that_a_mixture_of_experts_cannot_have_is_named(String from, String to, String key, String expected)
            throws IOException {
        copy("families/qwen3_moe");
        config(from, to);
        assertThatThrownBy(this::open)
                .isInstanceOf(PintleException.class)
                .hasMessageContaining("key:      " + key + "\n  expected: " + expected + "\n");
    }

    @Test
    void more_experts_than_are_stored_are_refused_before_any_is_loaded() throws IOException {
        copy("families/qwen3_moe");
        config("\"num_local_experts\": 8", "\"num_local_experts\": 900");
        assertThatThrownBy(this::open)
                .isInstanceOf(PintleException.class)
                .hasMessageContaining("weight:     model.layers.0.mlp.gate.weight")
                .hasMessageContaining("expected:   [900, 64]");
        config("\"num_local_experts\": 900", "\"num_local_experts\": 2147483647");
        assertThatThrownBy(this::open).hasMessageStartingWith("The model does not fit in memory.");
        copy("families/qwen3_moe");
        config("\"mlp_only_layers\": [\n    1\n  ]", "\"mlp_only_layers\": []");
        assertThatThrownBy(this::open).hasMessageContaining("missing:    model.layers.1.mlp.gate.weight [8, 64]");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"linear_num_value_heads\": 4 | \"linear_num_value_heads\": 3 | linear_num_value_heads | a multiple of linear_num_key_heads = 2",
                "\"linear_key_head_dim\": 16 | \"linear_key_head_dim\": 2000000000 | linear_num_value_heads | heads whose widths",
                "\"linear_conv_kernel_dim\": 4 | \"linear_conv_kernel_dim\": 0 | linear_conv_kernel_dim | a positive integer",
                "\"full_attention\" | \"sliding_attention\" | layer_types | 4 types, each of them linear_attention or full_attention",
                "\"rope_type\": \"default\" | \"rope_type\": \"default\", \"axes\": 3 | rope_parameters | only the keys",
            })
    void a_value_that_a_recurrent_model_cannot_have_is_named(String from, String to, String key, String expected)
            throws IOException {
        copy("families/qwen3_5_text");
        config(from, to);
        assertThatThrownBy(this::open)
                .isInstanceOf(PintleException.class)
                .hasMessageContaining("key:      " + key + "\n  expected: " + expected);
    }

    @Test
    void the_text_model_of_qwen_3_5_is_found_beside_an_encoder() throws IOException {
        rewrite("families/qwen3_5_text", weights -> {
            rename(weights, name -> name.replaceFirst("^model\\.", "model.language_model."));
            weights.put("model.visual.patch_embed.proj.bias", Tensor.of(new float[] {1}, 1));
            weights.put("mtp.fc.weight", Tensor.of(new float[] {1}, 1, 1));
        });
        String text = Files.readString(folder.resolve("config.json"))
                .replace("\"rope_type\"", "\"mrope_section\": [1, 1, 0], \"mrope_interleaved\": true, \"rope_type\"");
        Files.writeString(
                folder.resolve("config.json"),
                "{\"model_type\": \"qwen3_5\", \"vision_config\": {\"depth\": 1}, \"image_token_id\": 7,"
                        + " \"tie_word_embeddings\": false, \"text_config\": " + text + "}");
        open();
    }

    @Test
    void sizes_that_no_model_has_are_refused_before_anything_is_made_of_them() throws IOException {
        copy("llama31");
        config("\"num_hidden_layers\": 4", "\"num_hidden_layers\": 2147483647");
        assertThatThrownBy(this::open)
                .hasMessage("The model's configuration has a value that cannot be used.\n  file:     "
                        + folder.resolve("config.json")
                        + "\n  key:      num_hidden_layers"
                        + "\n  expected: a number of layers, at most 100000\n  but was:  2147483647");
        copy("llama31");
        config("\"head_dim\": 16", "\"head_dim\": 2147483647");
        assertThatThrownBy(this::open)
                .hasMessage("The model's configuration has sizes that no model has.\n  file:     "
                        + folder.resolve("config.json")
                        + "\n  expected: at most 100000 blocks, and widths of at most 16777216"
                        + "\n  but was:  4 blocks, and 8589934588\n  try:      another copy of the model");
        copy("families/gpt_neox");
        config("\"partial_rotary_factor\": 0.25", "\"partial_rotary_factor\": 1.5");
        assertThatThrownBy(this::open)
                .hasMessageContaining("expected: a share of a head: at most 1, and at least two elements")
                .hasMessageContaining("head:     16 elements");
    }

    @Test
    void an_unknown_kind_of_rope_scaling_is_refused() throws IOException {
        copy("llama31");
        config("\"rope_type\": \"llama3\"", "\"rope_type\": \"dynamic\"");
        assertThatThrownBy(this::open)
                .hasMessageContaining("rope_type default, linear, llama3, yarn or longrope")
                .hasMessageContaining("--ignore-config rope_parameters")
                .hasMessageContaining("up to the training length, the model computes the same without this scaling");
        LoadedTransformer.open(folder, LoadOptions.of(Device.CPU, DType.FP32).ignoringConfig("rope_parameters"))
                .close();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"factor\": 4.0 | \"factor\": 0 | a positive number for factor",
                "\"beta_fast\": 32.0 | \"beta_fast\": \"32\" | a positive number for beta_fast",
                "\"beta_slow\": 1.0 | \"beta_slow\": -1 | a positive number for beta_slow",
                "\"beta_slow\": 1.0 | \"truncate\": 1 | true or false for truncate",
                "\"beta_slow\": 1.0 | \"slow\": 1 | only the keys attention_factor, beta_fast, beta_slow, factor,",
                "\"original_max_position_embeddings\": 32 | \"original_max_position_embeddings\": 1e999 | a positive number",
            })
    void a_value_that_yarn_cannot_have_is_named(String from, String to, String expected) throws IOException {
        copy("families/llama_yarn");
        config(from, to);
        assertThatThrownBy(this::open)
                .isInstanceOf(PintleException.class)
                .hasMessageContaining("key:      rope_parameters\n  expected: " + expected);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"long_factor\": [ | \"long_factor\": [2, | 8 positive numbers for long_factor",
                "\"short_factor\": [ | \"short_factor\": 3, \"short\": [ | 8 positive numbers for short_factor",
                "1.5, | -1.5, | 8 positive numbers for",
                "\"long_factor\" | \"short_mscale\": 1.2, \"long_factor\" | only the keys attention_factor, factor,",
            })
    void a_value_that_longrope_cannot_have_is_named(String from, String to, String expected) throws IOException {
        copy("families/phi3_longrope");
        config(from, to);
        assertThatThrownBy(this::open)
                .isInstanceOf(PintleException.class)
                .hasMessageContaining("key:      rope_parameters\n  expected: " + expected);
    }

    @Test
    void two_statements_about_rope_that_contradict_each_other_are_refused() throws IOException {
        copy("llama31");
        config("\"vocab_size\"", "\"rope_theta\": 10000.0, \"vocab_size\"");
        assertThatThrownBy(this::open).hasMessageContaining("expected: the value in rope_parameters, 500000.0");
        copy("llama31");
        config("\"vocab_size\"", "\"rope_scaling\": {\"rope_type\": \"linear\", \"factor\": 2.0}, \"vocab_size\"");
        assertThatThrownBy(this::open).hasMessageContaining("the same as rope_parameters, or only one of the two");
        copy("families/glm");
        config("\"partial_rotary_factor\": 0.5,\n  \"rms", "\"partial_rotary_factor\": 0.25,\n  \"rms");
        assertThatThrownBy(this::open).hasMessageContaining("expected: the value in rope_parameters, 0.5");
        copy("families/olmo3");
        config("\"vocab_size\"", "\"rope_theta\": 500000.0, \"vocab_size\"");
        assertThatThrownBy(this::open).hasMessageContaining("expected: the value in rope_parameters, 10000.0");
    }

    @Test
    void a_missing_weight_is_named_with_its_shape() throws IOException {
        rewrite(weights -> weights.remove("model.layers.2.mlp.up_proj.weight"));
        assertThatThrownBy(this::open)
                .hasMessageContaining("The checkpoint lacks a weight that its architecture needs.")
                .hasMessageContaining("missing:    model.layers.2.mlp.up_proj.weight [160, 64]")
                .hasMessageContaining("nearest:    model.layers.0.mlp.up_proj.weight")
                .message()
                .hasSizeLessThan(1000);
    }

    @Test
    void a_checkpoint_of_another_tool_shows_its_names() throws IOException {
        rewrite(weights -> {
            Map<String, Tensor> renamed = new LinkedHashMap<>();
            weights.forEach((name, tensor) -> renamed.put("gpt." + name.hashCode(), tensor));
            weights.clear();
            weights.putAll(renamed);
        });
        assertThatThrownBy(this::open).hasMessageContaining("first:      gpt.");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "_orig_mod.",
                "module.",
                "module._orig_mod.",
                "_orig_mod.module.",
                "language_model.",
                "base_model.model.",
                "_fsdp_wrapped_module."
            })
    void names_that_a_wrapper_left_are_read(String prefix) throws IOException {
        rewrite(weights -> rename(weights, name -> prefix + name));
        open();
    }

    @Test
    void names_with_wrappers_inside_are_read() throws IOException {
        rewrite(weights -> rename(weights, name -> name.replace("model.", "model.language_model.")));
        open();
        rewrite(weights -> rename(weights, name -> name.replaceAll("layers\\.(\\d+)\\.", "layers.$1._orig_mod.")));
        open();
        rewrite(weights -> rename(weights, name -> name.replaceFirst("^model\\.", "")));
        open();
    }

    @Test
    void two_names_of_one_weight_are_refused() throws IOException {
        rewrite(weights -> weights.put("_orig_mod.model.norm.weight", weights.get("model.norm.weight")));
        assertThatThrownBy(this::open)
                .hasMessageContaining("Two weights in the checkpoint refer to the same weight of the model.")
                .hasMessageContaining("stored as:  _orig_mod.model.norm.weight");
    }

    private static void rename(Map<String, Tensor> weights, UnaryOperator<String> name) {
        Map<String, Tensor> renamed = new LinkedHashMap<>();
        weights.forEach((old, tensor) -> renamed.put(name.apply(old), tensor));
        weights.clear();
        weights.putAll(renamed);
    }

    @Test
    void frequencies_in_the_checkpoint_that_are_not_the_configuration_s_are_told() throws IOException {
        rewrite(weights -> weights.put(
                "model.layers.1.self_attn.rotary_emb.inv_freq", Tensor.of(new float[] {1f, 0.5f, 0.1f}, 3)));
        List<Problem> notes = new ArrayList<>();
        LoadedTransformer.open(folder, LoadOptions.of(Device.CPU, DType.FP32).telling(notes::add))
                .close();
        assertThat(notes).singleElement().asString().contains("rotary frequencies do not match the configuration");
    }

    @Test
    void a_git_lfs_pointer_is_recognised() throws IOException {
        copy("llama31");
        Files.writeString(
                folder.resolve("model.safetensors"),
                "version https://git-lfs.github.com/spec/v1\noid sha256:4665a\nsize 14512\n");
        assertThatThrownBy(this::open)
                .hasMessage("This is a Git LFS pointer, not the file itself.\n  file:      "
                        + folder.resolve("model.safetensors")
                        + "\n  points to: a file of 14512 bytes"
                        + "\n  try:       git lfs pull in its repository, or pintle pull to download the files");
    }

    @Test
    void a_dtype_that_no_model_is_computed_in_is_refused() {
        assertThatThrownBy(() -> LoadOptions.of(Device.CPU, DType.INT8))
                .hasMessage("A model's dtype must be a floating-point one.\n  expected: fp32, bf16, fp16 or fp64\n"
                        + "  but was:  int8");
        assertThatThrownBy(() -> DType.parse("int8", DType.MODELS))
                .hasMessage("This dtype cannot be used here.\n  but was: int8\n  choose:  fp32, bf16, fp16, fp64");
        assertThatThrownBy(() -> DType.parse("q4", DType.MODELS))
                .hasMessage("There is no such dtype.\n  but was: q4\n  choose:  fp32, bf16, fp16, fp64");
        assertThat(DType.parse("bfloat16", DType.MODELS)).isEqualTo(DType.BF16);
    }

    @Test
    void a_weight_that_nobody_uses_is_named() throws IOException {
        rewrite(weights -> weights.put("model.layers.0.extra.weight", weights.get("model.norm.weight")));
        assertThatThrownBy(this::open)
                .hasMessageContaining("The checkpoint contains weights that its architecture does not use.")
                .hasMessageContaining("left over:  model.layers.0.extra.weight");
    }

    @Test
    void a_weight_of_another_shape_is_named_with_both() throws IOException {
        copy("llama31");
        config("\"intermediate_size\": 160", "\"intermediate_size\": 192");
        assertThatThrownBy(this::open)
                .hasMessageContaining("A weight's shape does not match the configuration.")
                .hasMessageContaining("expected:   [192, 64]")
                .hasMessageContaining("but was:    [160, 64]");
    }

    @Test
    void both_spellings_of_rope_mean_the_same() throws IOException {
        copy("llama31");
        String text = Files.readString(folder.resolve("config.json"));
        String old = text.replace("\"rope_parameters\"", "\"rope_scaling\"")
                .replace("\"rope_theta\": 500000.0,", "")
                .replace("\"vocab_size\"", "\"rope_theta\": 500000.0, \"vocab_size\"");
        Files.writeString(folder.resolve("config.json"), old);
        open();
    }

    private interface Change {
        void apply(Map<String, Tensor> weights);
    }

    private void rewrite(Change change) throws IOException {
        rewrite("llama31", change);
    }

    private void rewrite(String family, Change change) throws IOException {
        copy(family);
        Path file = folder.resolve("model.safetensors");
        try (TensorScope scope = TensorScope.open("rewrite");
                Checkpoint checkpoint = SafeTensors.open(file)) {
            Map<String, Tensor> weights = new LinkedHashMap<>();
            checkpoint.names().forEach(name -> weights.put(name, checkpoint.tensor(name)));
            change.apply(weights);
            SafeTensors.write(file, weights, Map.of());
        }
    }
}
