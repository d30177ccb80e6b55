package dev.pintle.model;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pintle.base.PintleException;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.io.Checkpoint;
import dev.pintle.tensor.io.SafeTensors;
import dev.pintle.testkit.Golden;
import dev.pintle.transformer.Memory;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("any-java")
class BadNumbersTest {
    private static final int[] PROMPT = {1, 17, 40};

    @TempDir
    Path folder;

    private void spoil(String weight) throws IOException {
        Path from = Golden.folder().resolve("llama31");
        Files.copy(from.resolve("config.json"), folder.resolve("config.json"));
        try (TensorScope scope = TensorScope.open("spoil");
                Checkpoint checkpoint = SafeTensors.open(from)) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            for (String name : checkpoint.names()) {
                Tensor tensor = checkpoint.tensor(name).to(DType.FP32).copy();
                tensors.put(name, name.equals(weight) ? tensor.fillInPlace(Double.NaN) : tensor);
            }
            SafeTensors.write(folder.resolve("model.safetensors"), tensors, Map.of());
        }
    }

    @Test
    void nan_in_weights_is_reported_at_the_first_place_where_it_appears() throws IOException {
        spoil("model.layers.2.mlp.down_proj.weight");
        try (TensorScope scope = TensorScope.open("test");
                LanguageModel model = LanguageModel.load(folder.toString(), Device.CPU, DType.FP32)
                        .checkingForNan()) {
            assertThatThrownBy(() -> model.run(TokenBatch.of(PROMPT), RunOptions.lastLogits()))
                    .isInstanceOf(PintleException.class)
                    .hasMessage("""
                            An activation is not finite.
                              first at: blocks.2.hook_mlp_out
                              row:      0
                              position: 0
                              suspect:  the MLP weights of block 2
                              try:      another copy of the checkpoint, or fp32 if a 16-bit sum may have overflowed""");
        }
    }

    @Test
    void a_sound_model_passes_the_check() {
        try (TensorScope scope = TensorScope.open("test");
                LanguageModel model = LanguageModel.load(
                                Golden.folder().resolve("llama31").toString(), Device.CPU, DType.FP32)
                        .checkingForNan()) {
            assertThatCode(() -> model.run(TokenBatch.of(PROMPT), RunOptions.lastLogits()))
                    .doesNotThrowAnyException();
        }
    }

    @Test
    void weights_that_do_not_fit_are_refused_with_both_sizes() {
        ModelConfig config;
        try (LanguageModel model = LanguageModel.random(ModelShape.PARLEY_7M, 1, Device.CPU, DType.BF16)) {
            config = model.config();
        }
        ModelConfig large = llama8b();
        assertThatCode(() -> Memory.requireRoomForWeights(config, DType.FP32, 32, Device.CPU, () -> OptionalLong.of(0)))
                .as("too small to be worth a question")
                .doesNotThrowAnyException();
        assertThatThrownBy(() -> Memory.requireRoomForWeights(
                        large, DType.FP32, 32, Device.CPU, () -> OptionalLong.of(20_000_000_000L)))
                .hasMessage("""
                        The model does not fit in memory.
                          needs:     32.1 GB for 8029995008 weights in fp32
                          available: 20.0 GB
                          try:       bf16, which needs 16.1 GB; weights stored in bf16 are then memory-mapped, not copied""");
    }

    @Test
    void weights_that_do_not_fit_a_gpu_are_refused_with_its_name() {
        ModelConfig large = llama8b();
        assertThatThrownBy(() -> Memory.requireRoomForWeights(
                        large, DType.BF16, 16, Device.cuda(0), () -> OptionalLong.of(12_000_000_000L)))
                .hasMessage("""
                        The model does not fit in the memory of cuda:0.
                          needs:     16.5 GB for 8029995008 weights in bf16, those of one block twice while they are joined
                          available: 12.0 GB
                          try:       a smaller model, or --device cpu""");
    }

    @Test
    void keys_and_values_that_do_not_fit_say_how_many_rows_or_tokens_would() {
        ModelConfig large = llama8b();
        assertThatThrownBy(() -> Memory.requireRoomForDecoding(
                        large, DType.BF16, Device.cuda(0), 256, 512, () -> OptionalLong.of(6_000_000_000L)))
                .hasMessage("""
                        The KV cache does not fit in the memory of cuda:0.
                          rows:           256
                          tokens per row: 512
                          needs:          17.3 GB
                          available:      6.0 GB
                          fits:           88 row(s) of this length
                          try:            fewer rows at once, or fewer new tokens""");
        assertThatThrownBy(() -> Memory.requireRoomForDecoding(
                        large, DType.BF16, Device.cuda(0), 1, 65536, () -> OptionalLong.of(4_000_000_000L)))
                .hasMessageContaining("fits:           one row of about 30515 tokens");
    }

    @Test
    void a_run_that_does_not_fit_says_how_many_tokens_would() {
        ModelConfig large = llama8b();
        TokenBatch batch = TokenBatch.of(new int[8][4000]);
        assertThatThrownBy(() -> Memory.requireRoomForRun(
                        large,
                        DType.BF16,
                        Device.CPU,
                        batch,
                        RunOptions.allLogits(),
                        () -> OptionalLong.of(10_000_000_000L)))
                .hasMessage("""
                        The run does not fit in memory.
                          rows:           8
                          tokens per row: 4000
                          needs:          about 33.2 GB
                          available:      10.0 GB
                          fits:           about 9624 tokens in total
                          try:            fewer rows at once, smaller chunks, fewer hook points, or logits of the last token only""");
    }

    private static ModelConfig llama8b() {
        return new ModelConfig(
                "llama",
                new ModelConfig.Sizes(32, 4096, 14336, 128256, 131072),
                new ModelConfig.Heads(32, 8, 128),
                new ModelConfig.Ends(false),
                1e-5);
    }
}
