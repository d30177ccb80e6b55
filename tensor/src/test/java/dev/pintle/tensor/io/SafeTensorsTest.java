package dev.pintle.tensor.io;

import static dev.pintle.tensor.io.Samples.assertSameBits;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pintle.base.PintleException;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Shape;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SafeTensorsTest {
    private final Path folder;

    SafeTensorsTest(@TempDir Path folder) {
        this.folder = folder;
    }

    /** Expected values were decoded from the file with Python's struct module. */
    @Test
    void the_demo_model_reads_as_it_was_written() {
        try (TensorScope scope = TensorScope.open("test");
                SafeTensors model = SafeTensors.open(Samples.DEMO_MODEL)) {
            assertThat(model.names()).hasSize(75).startsWith("lm_head.weight", "model.embed_tokens.weight");
            assertThat(model.metadata()).containsExactly(Map.entry("format", "pt"));
            assertThat(model.entry("model.layers.7.self_attn.v_proj.weight"))
                    .isEqualTo(
                            new TensorEntry("model.layers.7.self_attn.v_proj.weight", DType.BF16, Shape.of(128, 256)));
            Tensor head = model.tensor("lm_head.weight");
            assertThat(head.dtype()).isEqualTo(DType.BF16);
            assertThat(head.select(0, 0).narrow(0, 0, 4).toDoubles())
                    .containsExactly(-0.10205078125, -0.0693359375, -0.09912109375, 0.01409912109375);
            assertThat(head.to(DType.FP64).sum().item()).isEqualTo(-2126.9207581207156);
            double[] norm = model.tensor("model.norm.weight").toDoubles();
            assertThat(norm).hasSize(256).startsWith(1.3515625, 1.28125).endsWith(1.40625, 1.2265625);
        }
    }

    @Test
    void every_dtype_comes_back_to_the_bit() {
        try (TensorScope scope = TensorScope.open("test")) {
            Map<String, Tensor> tensors = Samples.ofEveryDTypeOfSafetensors();
            Path file = folder.resolve("made/on/the/way/all.safetensors");
            SafeTensors.write(file, tensors, Map.of("k", "v\n\"ü"));
            try (SafeTensors back = SafeTensors.open(file)) {
                assertThat(back.names()).containsExactlyInAnyOrderElementsOf(tensors.keySet());
                assertThat(back.metadata()).containsExactly(Map.entry("k", "v\n\"ü"));
                tensors.forEach((name, tensor) -> assertSameBits(back.tensor(name), tensor, name));
            }
        }
    }

    @Test
    void the_same_tensors_give_the_same_bytes_in_whatever_order_they_come() throws IOException {
        try (TensorScope scope = TensorScope.open("test")) {
            Map<String, Tensor> tensors = Samples.ofEveryDTypeOfSafetensors();
            SafeTensors.write(folder.resolve("a"), tensors, Map.of("b", "2", "a", "1"));
            SafeTensors.write(folder.resolve("b"), new TreeMap<>(tensors), new TreeMap<>(Map.of("a", "1", "b", "2")));
            assertThat(folder.resolve("a")).hasSameBinaryContentAs(folder.resolve("b"));
            assertThat(folder.toFile().list()).as("nothing left beside").hasSize(2);
        }
    }

    @Test
    void the_header_is_padded_to_eight_bytes_and_wide_elements_come_first() throws IOException {
        try (TensorScope scope = TensorScope.open("test")) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            tensors.put("a", Tensor.of(new boolean[] {true}, 1));
            tensors.put("b", Tensor.of(new double[] {1}, 1));
            SafeTensors.write(folder.resolve("f"), tensors, Map.of());
            String json = "{\"b\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[0,8]},"
                    + "\"a\":{\"dtype\":\"BOOL\",\"shape\":[1],\"data_offsets\":[8,9]}}";
            byte[] expected = bytes(json + " ".repeat(-json.length() & 7), 0, 0, 0, 0, 0, 0, 0xF0, 0x3F, 1);
            assertThat(folder.resolve("f")).hasBinaryContent(expected);
        }
    }

    @Test
    void a_transposed_tensor_is_written_in_row_major_order() {
        try (TensorScope scope = TensorScope.open("test")) {
            Tensor tensor = Tensor.of(new float[] {1, 2, 3, 4, 5, 6}, 2, 3).transpose(0, 1);
            SafeTensors.write(folder.resolve("f"), Map.of("t", tensor), Map.of());
            try (SafeTensors back = SafeTensors.open(folder.resolve("f"))) {
                assertThat(back.tensor("t").toFloats()).containsExactly(1, 4, 2, 5, 3, 6);
            }
        }
    }

    @Test
    void a_tensor_stays_valid_after_its_checkpoint_closed_and_its_file_was_replaced() {
        try (TensorScope scope = TensorScope.open("test")) {
            Path file = folder.resolve("f");
            SafeTensors.write(file, Map.of("t", Tensor.of(new float[] {1, 2}, 2)), Map.of());
            Tensor before;
            try (SafeTensors open = SafeTensors.open(file)) {
                before = open.tensor("t");
            }
            SafeTensors.write(file, Map.of("t", Tensor.of(new float[] {3, 4}, 2)), Map.of());
            assertThat(before.toFloats()).containsExactly(1, 2);
        }
    }

    @Test
    void writing_to_a_mapped_tensor_leaves_the_file_as_it_was() throws IOException {
        try (TensorScope scope = TensorScope.open("test")) {
            Path file = folder.resolve("f");
            SafeTensors.write(file, Map.of("t", Tensor.of(new float[] {1, 2}, 2)), Map.of());
            byte[] content = Files.readAllBytes(file);
            try (SafeTensors open = SafeTensors.open(file)) {
                open.tensor("t").fillInPlace(9);
            }
            assertThat(file).hasBinaryContent(content);
        }
    }

    @Test
    void a_failed_write_leaves_the_old_file_and_nothing_else() throws IOException {
        Path file = folder.resolve("f");
        Tensor released;
        try (TensorScope scope = TensorScope.open("test")) {
            SafeTensors.write(file, Map.of("t", Tensor.of(new float[] {1, 2}, 2)), Map.of());
            byte[] content = Files.readAllBytes(file);
            Tensor tensor = Tensor.of(new float[] {3}, 1);
            assertThat(tensor.shape()).isEqualTo(Shape.of(1));
            assertThat(tensor.dtype()).isEqualTo(DType.FP32);
            tensor.close();
            released = tensor;
            assertThatThrownBy(() -> SafeTensors.write(file, Map.of("t", released), Map.of()))
                    .isInstanceOf(IllegalStateException.class);
            assertThat(file).hasBinaryContent(content);
            assertThat(folder.toFile().list()).containsExactly("f");
            assertThatThrownBy(() -> SafeTensors.write(file.resolve("below"), Map.of(), Map.of()))
                    .isInstanceOf(PintleException.class)
                    .hasMessageStartingWith("The file cannot be written.\n  file:  " + file.resolve("below"));
        }
    }

    @Test
    void a_tensor_named_like_the_metadata_is_refused() {
        try (TensorScope scope = TensorScope.open("test")) {
            Map<String, Tensor> tensors = Map.of("__metadata__", Tensor.of(new float[] {1}, 1));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> SafeTensors.write(folder.resolve("f"), tensors, Map.of()))
                    .withMessage("A tensor cannot have the name of the format's metadata.\n  tensor: __metadata__");
        }
    }

    @Test
    void a_missing_name_lists_the_nearest_ones() {
        try (SafeTensors model = SafeTensors.open(Samples.DEMO_MODEL)) {
            assertThat(model.contains("model.norm.weight")).isTrue();
            assertThat(model.contains("model.norm.wieght")).isFalse();
            assertThatThrownBy(() -> model.entry("model.norm.wieght"))
                    .isInstanceOf(PintleException.class)
                    .hasMessageStartingWith("The checkpoint contains no tensor of this name.\n"
                            + "  file:      "
                            + Samples.DEMO_MODEL.toAbsolutePath() + "\n"
                            + "  asked for: model.norm.wieght\n"
                            + "  nearest:   model.norm.weight\n             ")
                    .hasMessageEndingWith("\n  holds:     75 tensors");
            assertThatThrownBy(() -> model.tensor("lm_head")).hasMessageContaining("nearest:   lm_head.weight\n");
        }
    }

    // ---------------------------------------------------------------- shards

    @Test
    void shards_read_as_one_checkpoint() throws IOException {
        try (TensorScope scope = TensorScope.open("test")) {
            writeShards("{\"metadata\":{\"total_size\":16},\"weight_map\":{\"b\":\"two.safetensors\","
                    + "\"a\":\"one.safetensors\"}}");
            for (Path path : List.of(folder, folder.resolve("model.safetensors.index.json"))) {
                try (SafeTensors open = SafeTensors.open(path)) {
                    assertThat(open.names()).containsExactly("b", "a");
                    assertThat(open.tensor("a").toFloats()).containsExactly(1, 2);
                    assertThat(open.tensor("b").toFloats()).containsExactly(3, 4);
                    assertThat(open.metadata()).containsExactly(Map.entry("format", "pt"));
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"../x.safetensors", "/etc/passwd", "sub/x.safetensors", "..", "''", "'a\u0000b'"})
    void a_shard_outside_the_folder_is_refused(String shard) throws IOException {
        try (TensorScope scope = TensorScope.open("test")) {
            writeShards("{\"weight_map\":{\"a\":\"" + shard.replace("\u0000", "\\u0000") + "\"}}");
            assertThatThrownBy(() -> SafeTensors.open(folder))
                    .isInstanceOf(PintleException.class)
                    .hasMessage("The index names a shard outside its folder.\n  index:    "
                            + folder.resolve("model.safetensors.index.json")
                            + "\n  shard:    " + shard.replace("\u0000", "\\u0000")
                            + "\n  expected: the name of a file next to the index");
        }
    }

    @Test
    void a_tensor_that_its_shard_does_not_hold_is_named_with_the_shard() throws IOException {
        try (TensorScope scope = TensorScope.open("test")) {
            writeShards("{\"weight_map\":{\"a\":\"one.safetensors\",\"c\":\"two.safetensors\"}}");
            assertThatThrownBy(() -> SafeTensors.open(folder))
                    .isInstanceOf(PintleException.class)
                    .hasMessage("The index places a tensor in a shard that does not contain it.\n  index:  "
                            + folder.resolve("model.safetensors.index.json")
                            + "\n  tensor: c\n  shard:  two.safetensors");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{}|The index has no weight_map.",
                "{\"weight_map\":[]}|The JSON of the file is malformed.",
                "{\"weight_map\":{\"a\":1}}|The JSON of the file is malformed.",
                "{\"weight_map\":{\"a\":\"one.safetensors\",\"a\":\"two.safetensors\"}}|The JSON of the file is malformed.",
                "{\"weight_map\":{\"a\":\"three.safetensors\"}}|There is no such file."
            })
    void an_index_that_says_something_else_is_refused(String json, String sentence) throws IOException {
        try (TensorScope scope = TensorScope.open("test")) {
            writeShards(json);
            assertThatThrownBy(() -> SafeTensors.open(folder))
                    .isInstanceOf(PintleException.class)
                    .hasMessageStartingWith(sentence);
        }
    }

    private void writeShards(String index) throws IOException {
        SafeTensors.write(
                folder.resolve("one.safetensors"),
                Map.of("a", Tensor.of(new float[] {1, 2}, 2)),
                Map.of("format", "pt"));
        SafeTensors.write(
                folder.resolve("two.safetensors"),
                Map.of("b", Tensor.of(new float[] {3, 4}, 2)),
                Map.of("format", "pt"));
        Files.writeString(folder.resolve("model.safetensors.index.json"), index);
    }

    // ---------------------------------------------------------------- what is refused

    @Test
    void a_missing_file_and_an_empty_folder_say_so() {
        assertThatThrownBy(() -> SafeTensors.open(folder.resolve("none.safetensors")))
                .isInstanceOf(PintleException.class)
                .hasMessage("There is no such file.\n  file: " + folder.resolve("none.safetensors"));
        assertThatThrownBy(() -> SafeTensors.open(folder))
                .isInstanceOf(PintleException.class)
                .hasMessage("The folder contains no safetensors checkpoint.\n  folder:   " + folder
                        + "\n  expected: model.safetensors or model.safetensors.index.json"
                        + "\n  try:      the path of the file itself if it has another name");
    }

    @Test
    void other_formats_in_the_folder_are_named() throws IOException {
        Files.writeString(folder.resolve("pytorch_model.bin"), "x");
        assertThatThrownBy(() -> SafeTensors.open(folder)).hasMessageContaining("there:    pytorch_model.bin");
    }

    @Test
    void shards_without_an_index_are_one_checkpoint() throws IOException {
        shard("model-00001-of-00002.safetensors", "a", 1);
        shard("model-00002-of-00002.safetensors", "b", 2);
        try (TensorScope scope = TensorScope.open("test");
                SafeTensors checkpoint = SafeTensors.open(folder)) {
            assertThat(checkpoint.names()).containsExactly("a", "b");
            assertThat(checkpoint.tensor("b").toFloats()).containsExactly(2);
        }
    }

    @Test
    void a_shard_that_is_missing_is_numbered() throws IOException {
        shard("model-00001-of-00003.safetensors", "a", 1);
        shard("model-00003-of-00003.safetensors", "b", 2);
        assertThatThrownBy(() -> SafeTensors.open(folder))
                .hasMessage("The folder contains only some of a checkpoint's shards, and no index.\n  folder:   "
                        + folder + "\n  expected: 3 shards\n  but was:  2\n  missing:  numbers [2]");
    }

    @Test
    void two_shards_without_an_index_that_hold_one_name_are_refused() throws IOException {
        shard("model-00001-of-00002.safetensors", "a", 1);
        shard("model-00002-of-00002.safetensors", "a", 2);
        assertThatThrownBy(() -> SafeTensors.open(folder))
                .hasMessageContaining("Two shards contain a tensor of the same name.");
    }

    @Test
    void one_file_of_another_name_is_taken_and_of_several_none() throws IOException {
        shard("weights.safetensors", "a", 1);
        try (SafeTensors checkpoint = SafeTensors.open(folder)) {
            assertThat(checkpoint.names()).containsExactly("a");
        }
        shard("adapter.safetensors", "b", 1);
        assertThatThrownBy(() -> SafeTensors.open(folder))
                .hasMessageContaining("The folder contains several safetensors files.")
                .hasMessageContaining("there:    adapter.safetensors\n            weights.safetensors");
    }

    private void shard(String name, String tensor, float value) {
        try (TensorScope scope = TensorScope.open("shard")) {
            SafeTensors.write(folder.resolve(name), Map.of(tensor, Tensor.of(new float[] {value}, 1)), Map.of());
        }
    }

    @Test
    void a_pointer_of_git_lfs_is_no_checkpoint_of_any_format() throws IOException {
        for (String name : List.of("p.safetensors", "p.pt", "p.gguf", "p.npz", "p.npy")) {
            Path file = folder.resolve(name);
            Files.writeString(file, "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n");
            assertThatThrownBy(() -> {
                        switch (name) {
                            case "p.safetensors" -> SafeTensors.open(file);
                            case "p.pt" -> TorchCheckpoint.open(file);
                            case "p.gguf" -> Gguf.open(file);
                            case "p.npz" -> Npz.open(file);
                            default -> Npy.read(file);
                        }
                    })
                    .as(name)
                    .hasMessageStartingWith("This is a Git LFS pointer, not the file itself.")
                    .hasMessageContaining("points to: a file of 12345 bytes");
        }
    }

    @Test
    void a_dtype_that_is_not_read_is_named() throws IOException {
        Path file = write("{\"w\":{\"dtype\":\"F8_E5M2\",\"shape\":[4],\"data_offsets\":[0,4]}}", 0, 0, 0, 0);
        assertThatThrownBy(() -> SafeTensors.open(file))
                .isInstanceOf(PintleException.class)
                .hasMessage("A tensor has an unsupported dtype.\n  file:     " + file
                        + "\n  tensor:   w\n  expected: F64, F32, F16, BF16, F8_E4M3, I64, I32, I16, I8, U8 or BOOL"
                        + "\n  but was:  F8_E5M2");
    }

    @Test
    void overlaps_and_holes_are_refused() throws IOException {
        Path overlap = write(
                "{\"a\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,3]},"
                        + "\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[2,4]}}",
                0,
                0,
                0,
                0);
        assertThatThrownBy(() -> SafeTensors.open(overlap))
                .hasMessage("A tensor overlaps another.\n  file:     " + overlap
                        + "\n  tensor:   b\n  expected: begin at data offset 3\n  but was:  2");
        Path hole = write(
                "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
                        + "\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[2,4]}}",
                0,
                0,
                0,
                0);
        assertThatThrownBy(() -> SafeTensors.open(hole))
                .hasMessageStartingWith("There are bytes before a tensor that do not belong to any tensor.");
        Path tail = write("{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 0, 0);
        assertThatThrownBy(() -> SafeTensors.open(tail))
                .hasMessageStartingWith("There are bytes after the last tensor that do not belong to any tensor.");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"w\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}|The header gives a tensor an invalid shape.",
                "{\"w\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,4],\"data_offsets\":[0,4]}}|The header gives a tensor an invalid shape.",
                "{\"w\":{\"dtype\":\"F32\",\"shape\":[0,4611686018427387904,4],\"data_offsets\":[0,0]}}|The header gives a tensor an invalid shape.",
                "{\"w\":{\"dtype\":\"F32\",\"shape\":[9223372036854775808],\"data_offsets\":[0,4]}}|The JSON of the file is malformed.",
                "{\"w\":{\"dtype\":\"F32\",\"shape\":[1.0],\"data_offsets\":[0,4]}}|The header is malformed.",
                "{\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}|A tensor's size in bytes does not match its shape.",
                "{\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}|A tensor extends beyond its file.",
                "{\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}}|A tensor extends beyond its file.",
                "{\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[-4,0]}}|A tensor extends beyond its file.",
                "{\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}|The header does not say where a tensor is stored.",
                "{\"w\":{\"dtype\":\"F32\",\"shape\":[1]}}|The header does not say where a tensor is stored.",
                "{\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"x\":1}}|The header has an unknown key for a tensor.",
                "{\"w\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}|The JSON of the file is malformed.",
                "{\"__metadata__\":{\"k\":1},\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}|The JSON of the file is malformed.",
                "{\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}{}|The JSON of the file is malformed.",
                "{\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}|The JSON of the file is malformed.",
                "{\"w\":3}|The JSON of the file is malformed.",
                "[]|This is not a safetensors file, or it is truncated."
            })
    void a_header_that_cannot_be_trusted_is_refused(String json, String sentence) throws IOException {
        Path file = write(json, 0, 0, 0, 0);
        assertThatThrownBy(() -> SafeTensors.open(file))
                .isInstanceOf(PintleException.class)
                .hasMessageStartingWith(sentence + "\n  file:");
    }

    @Test
    void the_length_of_the_header_is_checked_before_it_is_believed() throws IOException {
        for (long length : new long[] {-1, 0, 1, 100, 100_000_001, Long.MAX_VALUE, Long.MIN_VALUE}) {
            Path file = folder.resolve("length" + length);
            Files.write(
                    file,
                    ByteBuffer.allocate(10)
                            .order(ByteOrder.LITTLE_ENDIAN)
                            .putLong(length)
                            .put("{}".getBytes(StandardCharsets.US_ASCII))
                            .array());
            assertThatThrownBy(() -> SafeTensors.open(file))
                    .isInstanceOf(PintleException.class)
                    .hasMessageStartingWith("This is not a safetensors file, or it is truncated.");
        }
    }

    @Test
    void names_in_messages_cannot_drive_the_terminal() throws IOException {
        Path file = write("{\"\\u001b[2J\":{\"dtype\":\"X\",\"shape\":[],\"data_offsets\":[0,4]}}", 0, 0, 0, 0);
        assertThatThrownBy(() -> SafeTensors.open(file)).hasMessageContaining("tensor:   \\u001b[2J\n");
    }

    @Test
    void a_header_of_millions_of_tensors_or_axes_ends_quickly() throws IOException {
        StringBuilder many = new StringBuilder("{");
        for (int i = 0; i < 150_000; i++) {
            many.append("\"").append(i).append("\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]},");
        }
        Path tensors = write(many.append("\"w\":1}").toString());
        Path axes = write(
                "{\"w\":{\"dtype\":\"U8\",\"shape\":[" + "1,".repeat(10_000_000) + "1],\"data_offsets\":[0,1]}}", 0);
        long start = CpuTime.nanos();
        assertThatThrownBy(() -> SafeTensors.open(tensors))
                .hasMessageStartingWith("The file declares too many tensors.");
        assertThatThrownBy(() -> SafeTensors.open(axes)).hasMessageStartingWith("The header is malformed.");
        assertThat((CpuTime.nanos() - start) / 1e9).isLessThan(1);
    }

    @Test
    void an_unaligned_tensor_is_read_right() throws IOException {
        try (TensorScope scope = TensorScope.open("test")) {
            Path file =
                    write("{\"w\":{\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[0,4]}}  ", 0x80, 0x3F, 0, 0x40);
            assertThat(Files.size(file) % 2).isOne();
            try (SafeTensors open = SafeTensors.open(file)) {
                assertThat(open.tensor("w").toFloats()).containsExactly(1, 2);
                assertThat(open.tensor("w").device()).isEqualTo(Device.CPU);
            }
        }
    }

    private Path write(String json, int... data) throws IOException {
        return Files.write(Files.createTempFile(folder, "f", ".safetensors"), bytes(json, data));
    }

    private static byte[] bytes(String json, int... data) {
        byte[] header = json.getBytes(StandardCharsets.UTF_8);
        ByteBuffer bytes = ByteBuffer.allocate(8 + header.length + data.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(header.length).put(header);
        for (int b : data) {
            bytes.put((byte) b);
        }
        return bytes.array();
    }
}
