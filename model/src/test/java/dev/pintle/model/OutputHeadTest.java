package dev.pintle.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pintle.base.Problem;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.io.Checkpoint;
import dev.pintle.tensor.io.SafeTensors;
import dev.pintle.testkit.Golden;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What counts where config.json and the checkpoint contradict each other about the output head. */
class OutputHeadTest {
    private static final int[] PROMPT = {1, 17, 40};

    @TempDir
    Path folder;

    private final List<Problem> notes = new ArrayList<>();

    private void model(String family, String from, String to, Consumer<Map<String, Tensor>> change) throws IOException {
        Path golden = Golden.folder().resolve(family);
        String config = Files.readString(golden.resolve("config.json"));
        assertThat(config).contains(from);
        Files.writeString(folder.resolve("config.json"), config.replace(from, to));
        try (TensorScope scope = TensorScope.open("rewrite");
                Checkpoint checkpoint = SafeTensors.open(golden)) {
            Map<String, Tensor> weights = new LinkedHashMap<>();
            checkpoint.names().forEach(name -> weights.put(name, checkpoint.tensor(name)));
            change.accept(weights);
            SafeTensors.write(folder.resolve("model.safetensors"), weights, Map.of());
        }
    }

    private float[] logits(Path where) {
        LoadOptions options = LoadOptions.of(Device.CPU, DType.FP32).telling(notes::add);
        try (TensorScope scope = TensorScope.open("test");
                LanguageModel model = LanguageModel.load(where.toString(), options)) {
            return model.run(TokenBatch.of(PROMPT), RunOptions.lastLogits())
                    .logits()
                    .toFloats();
        }
    }

    @Test
    void a_head_that_differs_from_the_embedding_it_is_said_to_be_is_kept_and_told() throws IOException {
        float[] untied = logits(Golden.folder().resolve("llama31"));
        model("llama31", "\"tie_word_embeddings\": false", "\"tie_word_embeddings\": true", weights -> {});
        assertThat(logits(folder)).isEqualTo(untied);
        assertThat(notes).singleElement().asString().isEqualTo("""
                        The output head differs from the embedding, but the configuration ties them.
                          checkpoint:    %s
                          configuration: tie_word_embeddings is true, or absent and true by default
                          but was:       lm_head.weight differs from model.embed_tokens.weight, first at token 0
                          used:          the stored head
                          try:           "tie_word_embeddings": false in config.json, so that both agree""".formatted(folder));
    }

    @Test
    void one_number_that_differs_late_is_seen() throws IOException {
        model("llama32_tied", "\"vocab_size\"", "\"vocab_size\"", weights -> {
            Tensor head = Objects.requireNonNull(weights.get("model.embed_tokens.weight"))
                    .copy();
            long last = head.size(0) - 1;
            head.narrow(0, last, 1).narrow(1, 5, 1).fillInPlace(3);
            weights.put("lm_head.weight", head);
        });
        float[] tied = logits(Golden.folder().resolve("llama32_tied"));
        assertThat(notes).isEmpty();
        float[] kept = logits(folder);
        assertThat(notes).hasSize(1);
        assertThat(kept[kept.length - 1]).isNotEqualTo(tied[tied.length - 1]);
        kept[kept.length - 1] = tied[tied.length - 1];
        assertThat(kept).isEqualTo(tied);
    }

    @Test
    void a_copy_of_the_embedding_as_head_says_nothing_new() throws IOException {
        model(
                "llama32_tied",
                "\"vocab_size\"",
                "\"vocab_size\"",
                weights -> weights.put("lm_head.weight", weights.get("model.embed_tokens.weight")));
        assertThat(logits(folder)).isEqualTo(logits(Golden.folder().resolve("llama32_tied")));
        assertThat(notes).isEmpty();
    }

    @Test
    void a_tied_embedding_may_be_stored_as_the_head_alone() throws IOException {
        model(
                "llama32_tied",
                "\"vocab_size\"",
                "\"vocab_size\"",
                weights -> weights.put("lm_head.weight", weights.remove("model.embed_tokens.weight")));
        assertThat(logits(folder)).isEqualTo(logits(Golden.folder().resolve("llama32_tied")));
        assertThat(notes).isEmpty();
    }

    @Test
    void a_model_that_says_it_has_a_head_and_has_none_is_refused() throws IOException {
        model("llama31", "\"vocab_size\"", "\"vocab_size\"", weights -> weights.remove("lm_head.weight"));
        assertThatThrownBy(() -> logits(folder)).hasMessage("""
                        The checkpoint contains no output head, although the configuration says it is not tied.
                          checkpoint:    %s
                          configuration: tie_word_embeddings is false, or absent, which means false for llama
                          missing:       lm_head.weight [256, 64]
                          has:           38 tensors
                          try:           a complete copy; or "tie_word_embeddings": true in config.json, if it was trained that way""".formatted(folder));
    }
}
