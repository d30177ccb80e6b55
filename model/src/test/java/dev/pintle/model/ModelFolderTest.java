package dev.pintle.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pintle.problem.PintleException;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.io.Checkpoint;
import dev.pintle.tensor.io.SafeTensors;
import dev.pintle.testkit.Golden;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelFolderTest {
    @TempDir
    Path folder;

    private void copy(String family) throws IOException {
        for (String file : new String[] {"config.json", "model.safetensors"}) {
            Files.copy(Golden.folder().resolve(family).resolve(file), folder.resolve(file));
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
                .hasMessage("The model's configuration asks for something that is not understood.\n  file: "
                        + folder.resolve("config.json")
                        + "\n  key:  sparse_attention = true\n"
                        + "  try:  removing the key, if it cannot change what the model computes");
    }

    @Test
    void an_unknown_family_lists_those_that_are_understood() throws IOException {
        copy("llama31");
        config("\"model_type\": \"llama\"", "\"model_type\": \"mamba\"");
        assertThatThrownBy(this::open)
                .hasMessageContaining("expected: gemma2, gemma3_text, llama, mistral, olmo2, phi3, qwen2, qwen3")
                .hasMessageContaining("but was:  \"mamba\"");
    }

    @Test
    void an_unknown_kind_of_rope_scaling_is_refused() throws IOException {
        copy("llama31");
        config("\"rope_type\": \"llama3\"", "\"rope_type\": \"yarn\"");
        assertThatThrownBy(this::open).hasMessageContaining("rope_type default, linear or llama3");
    }

    @Test
    void a_missing_weight_is_named_with_its_shape() throws IOException {
        rewrite(weights -> weights.remove("model.layers.2.mlp.up_proj.weight"));
        assertThatThrownBy(this::open)
                .hasMessageContaining("The checkpoint lacks a weight of its architecture.")
                .hasMessageContaining("missing:    model.layers.2.mlp.up_proj.weight [160, 64]");
    }

    @Test
    void a_weight_that_nobody_uses_is_named() throws IOException {
        rewrite(weights -> weights.put("model.layers.0.extra.weight", weights.get("model.norm.weight")));
        assertThatThrownBy(this::open)
                .hasMessageContaining("The checkpoint holds weights that its architecture does not use.")
                .hasMessageContaining("left over:  model.layers.0.extra.weight");
    }

    @Test
    void a_weight_of_another_shape_is_named_with_both() throws IOException {
        copy("llama31");
        config("\"intermediate_size\": 160", "\"intermediate_size\": 192");
        assertThatThrownBy(this::open)
                .hasMessageContaining("A weight has another shape than the configuration says.")
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
        copy("llama31");
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
