package dev.pintle.gguf;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pintle.base.PintleException;
import dev.pintle.tensor.BlockFormat;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.io.GgufValue;
import dev.pintle.testkit.GgufFiles;
import dev.pintle.testkit.GgufFiles.Stored;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GgufFuzzTest {
    private static final int MUTATIONS = 20_000;
    private static final int WIDTH = 32;
    private static final int VOCABULARY = 12;

    @TempDir
    private Path folder;

    @Test
    @Tag("slow")
    void a_damaged_file_is_read_or_refused_with_a_sentence() throws IOException {
        Path file = folder.resolve("model.gguf");
        write(file);
        byte[] whole = Files.readAllBytes(file);
        assertThat(read(file, true)).as("undamaged").isTrue();
        Random random = new Random(1);
        int refused = 0;
        for (int i = 0; i < MUTATIONS; i++) {
            byte[] damaged = whole.clone();
            int changes = 1 + random.nextInt(4);
            for (int c = 0; c < changes; c++) {
                int at = random.nextInt(damaged.length);
                damaged[at] =
                        (byte) (random.nextBoolean() ? random.nextInt(256) : damaged[at] ^ 1 << random.nextInt(8));
            }
            if (random.nextInt(8) == 0) {
                damaged = Arrays.copyOf(damaged, random.nextInt(damaged.length));
            }
            Files.write(file, damaged);
            refused += read(file, i % 16 == 0) ? 0 : 1;
        }
        assertThat(refused).isBetween(MUTATIONS / 10, MUTATIONS);
    }

    /**
     * Whether the file was accepted; anything but a refusal is a failure of the test.
     *
     * @param tensors whether to read them and the summary too, which takes longest
     */
    private static boolean read(Path file, boolean tensors) {
        try (TensorScope scope = TensorScope.open("read")) {
            if (tensors) {
                GgufSummary.of(file);
            }
            GgufModel.describe(file, List.of(), repository -> Optional.empty());
            try (GgufWeights weights = GgufWeights.open(file)) {
                for (String name : tensors ? weights.names() : Set.<String>of()) {
                    Tensor found = weights.find(name);
                    if (found == null) {
                        continue;
                    }
                    found.to(DType.FP32).sum().toDoubles();
                    if (found.shape().rank() == 2) {
                        weights.quantised(
                                        name,
                                        scope,
                                        found.shape().intSize(0),
                                        found.shape().intSize(1))
                                .ifPresent(weight -> weight.decoded(0, weight.out()));
                    }
                }
            }
            return true;
        } catch (PintleException e) {
            assertThat(e.getMessage()).isNotBlank();
            return false;
        }
    }

    private static void write(Path file) {
        Map<String, GgufValue> values = new LinkedHashMap<>();
        values.put("general.architecture", GgufValue.of("llama"));
        values.put("llama.block_count", GgufValue.uint32(1));
        values.put("llama.embedding_length", GgufValue.uint32(WIDTH));
        values.put("llama.feed_forward_length", GgufValue.uint32(WIDTH));
        values.put("llama.attention.head_count", GgufValue.uint32(2));
        values.put("llama.attention.head_count_kv", GgufValue.uint32(2));
        values.put("llama.attention.layer_norm_rms_epsilon", GgufValue.of(1e-5f));
        values.put("llama.rope.freq_base", GgufValue.of(10_000f));
        values.put("tokenizer.ggml.model", GgufValue.of("gpt2"));
        values.put("tokenizer.ggml.pre", GgufValue.of("llama-bpe"));
        List<GgufValue> tokens = new ArrayList<>();
        List<GgufValue> types = new ArrayList<>();
        for (int id = 0; id < VOCABULARY; id++) {
            tokens.add(GgufValue.of(id == VOCABULARY - 1 ? "ab" : String.valueOf((char) ('a' + id))));
            types.add(new GgufValue.Int(GgufValue.Kind.INT32, id == 0 ? 3 : 1));
        }
        values.put("tokenizer.ggml.tokens", new GgufValue.Array(GgufValue.Kind.STRING, tokens));
        values.put("tokenizer.ggml.token_type", new GgufValue.Array(GgufValue.Kind.INT32, types));
        values.put("tokenizer.ggml.merges", new GgufValue.Array(GgufValue.Kind.STRING, List.of(GgufValue.of("a b"))));
        values.put("tokenizer.ggml.bos_token_id", GgufValue.uint32(0));
        List<Stored> tensors = new ArrayList<>();
        try (TensorScope scope = TensorScope.open("write")) {
            tensors.add(GgufFiles.random("token_embd.weight", BlockFormat.Q8_0, 1, VOCABULARY, WIDTH));
            tensors.add(GgufFiles.plain("output_norm.weight", "F32", Tensor.randn(1, DType.FP32, Device.CPU, WIDTH)));
            tensors.add(
                    GgufFiles.plain("rope_freqs.weight", "F32", Tensor.of(new float[] {1, 1, 1, 1, 2, 2, 2, 2}, 8)));
            List<BlockFormat> formats =
                    List.of(BlockFormat.Q4_0, BlockFormat.Q5_1, BlockFormat.MXFP4, BlockFormat.IQ4_NL);
            List<String> names = List.of("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down");
            for (int i = 0; i < names.size(); i++) {
                tensors.add(GgufFiles.random(
                        "blk.0." + names.get(i) + ".weight", formats.get(i % formats.size()), i, WIDTH, WIDTH));
            }
            tensors.add(
                    GgufFiles.plain("blk.0.attn_norm.weight", "F32", Tensor.randn(2, DType.FP32, Device.CPU, WIDTH)));
            tensors.add(
                    GgufFiles.plain("blk.0.ffn_norm.weight", "F32", Tensor.randn(3, DType.FP32, Device.CPU, WIDTH)));
        }
        GgufFiles.write(file, values, tensors);
    }
}
