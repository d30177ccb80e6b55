package dev.pintle.tensor.io;

import static dev.pintle.tensor.io.Samples.assertSameBits;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pintle.base.PintleException;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Shape;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.bytedeco.pytorch.ByteVector;
import org.bytedeco.pytorch.GenericDict;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TorchCheckpointTest {
    private static final float[] FLOATS = {-3, -2.5f, -2, -1.5f, -1, -0.5f, 0, 0.5f, 1, 1.5f, 2, 2.5f};

    private final Path folder;

    TorchCheckpointTest(@TempDir Path folder) {
        this.folder = folder;
    }

    /** Expected values were decoded from the file with Python's struct module. */
    @Test
    void the_demo_autoencoder_reads_as_it_was_written() {
        try (TensorScope scope = TensorScope.open("test");
                TorchCheckpoint sae = TorchCheckpoint.open(Samples.DEMO_MODEL.resolve("parley-7m-sae-l3.pth"))) {
            assertThat(sae.names())
                    .containsExactly(
                            "encoder_linear.weight",
                            "encoder_linear.bias",
                            "decoder_linear.weight",
                            "decoder_linear.bias");
            assertThat(sae.entry("encoder_linear.weight"))
                    .isEqualTo(new TensorEntry("encoder_linear.weight", DType.BF16, Shape.of(1024, 256)));
            Tensor encoder = sae.tensor("encoder_linear.weight");
            assertThat(encoder.select(0, 0).narrow(0, 0, 4).toDoubles())
                    .containsExactly(-0.03173828125, 0.06787109375, -0.01470947265625, 0.09912109375);
            assertThat(encoder.to(DType.FP64).sum().item()).isEqualTo(356.1648989096284);
            assertThat(sae.tensor("decoder_linear.bias").toDoubles())
                    .hasSize(256)
                    .startsWith(0.00174713134765625, -0.0654296875)
                    .endsWith(0.0615234375, 0.01458740234375);
            assertThat(sae.metadata()).containsEntry("byteorder", "little").containsKey("version");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "ordered_dict.pth",
                "state_dict_with_metadata.pth",
                "plain_dict.pth",
                "protocol4.pth",
                "zip64.pth",
                "deflated_pickle.pth"
            })
    void a_state_dict_reads_however_it_was_pickled(String name) {
        try (TensorScope scope = TensorScope.open("test");
                TorchCheckpoint open = TorchCheckpoint.open(Samples.TORCH.resolve(name))) {
            assertThat(open.names()).containsExactly("encoder.weight", "encoder.weight_T", "steer.bias");
            assertThat(open.tensor("encoder.weight").shape()).isEqualTo(Shape.of(3, 4));
            assertThat(open.tensor("encoder.weight").toFloats()).containsExactly(FLOATS);
            assertThat(open.tensor("encoder.weight_T").shape()).isEqualTo(Shape.of(4, 3));
            assertThat(open.tensor("encoder.weight_T").toFloats())
                    .containsExactly(-3, -1, 1, -2.5f, -0.5f, 1.5f, -2, 0, 2, -1.5f, 0.5f, 2.5f);
            assertThat(open.tensor("steer.bias").dtype()).isEqualTo(DType.BF16);
            assertThat(open.tensor("steer.bias").toFloats()).containsExactly(1.5f, -2, 3.25f, 0.125f, 7, 8);
        }
    }

    @Test
    void nested_dictionaries_give_dotted_names_and_keep_their_values() {
        try (TensorScope scope = TensorScope.open("test");
                TorchCheckpoint open = TorchCheckpoint.open(Samples.TORCH.resolve("nested.pth"))) {
            assertThat(open.names())
                    .containsExactly(
                            "state_dict.encoder.weight", "state_dict.encoder.weight_T", "state_dict.steer.bias");
            Map<?, ?> root = dictionary(open.root());
            Map<Object, Object> config = new LinkedHashMap<>();
            config.put("d", 4L);
            config.put("name", "sae");
            config.put("lr", 1e-4);
            config.put("tied", false);
            config.put("k", null);
            assertThat((Object) root.get("epoch")).isEqualTo(3L);
            assertThat((Object) root.get("config")).isEqualTo(config);
            assertThatThrownBy(() -> root.remove("epoch")).isInstanceOf(UnsupportedOperationException.class);
        }
    }

    @Test
    void a_parameter_reads_as_its_tensor() {
        try (TensorScope scope = TensorScope.open("test");
                TorchCheckpoint open = TorchCheckpoint.open(Samples.TORCH.resolve("parameters.pth"))) {
            assertThat(open.tensor("weight").toFloats()).containsExactly(FLOATS);
        }
    }

    /** As in published steering vectors: one row of a large storage, saved without the rest being cut off. */
    @Test
    void a_view_reads_from_its_offset_and_not_from_the_start_of_its_storage() {
        try (TensorScope scope = TensorScope.open("test");
                TorchCheckpoint open = TorchCheckpoint.open(Samples.TORCH.resolve("bare_view.pth"))) {
            assertThat(open.names()).containsExactly(TorchCheckpoint.BARE);
            assertThat(open.tensor(TorchCheckpoint.BARE).toFloats()).containsExactly(1, 1.5f, 2, 2.5f);
            assertThat(open.root())
                    .isEqualTo(new TorchCheckpoint.TensorRef("0", DType.FP32, Shape.of(4), 8, List.of(1L)));
        }
    }

    @Test
    void strides_of_every_kind_are_honoured() {
        try (TensorScope scope = TensorScope.open("test");
                TorchCheckpoint open = TorchCheckpoint.open(Samples.TORCH.resolve("strided.pth"))) {
            assertThat(open.tensor("column").toFloats()).containsExactly(-2.5f, -0.5f, 1.5f);
            assertThat(open.tensor("repeated").toFloats()).containsExactly(3.25f, 3.25f, 3.25f, 3.25f, 3.25f);
            assertThat(open.tensor("scalar").shape()).isEqualTo(Shape.of());
            assertThat(open.tensor("scalar").item()).isEqualTo(-1.5);
            assertThat(open.tensor("none").shape()).isEqualTo(Shape.of(0, 4));
        }
    }

    /** A storage that is not aligned to its elements is copied before it is viewed. */
    @Test
    void strides_are_honoured_where_the_file_does_not_align_a_storage() throws IOException {
        byte[] file = Files.readAllBytes(Samples.TORCH.resolve("strided.pth"));
        // Rebuilt by java.util.zip, which does not align.
        for (String pad : List.of("a", "ab", "abc", "abcd")) {
            Path path = folder.resolve(pad + ".pth");
            rebuild(file, path, pad);
            try (TensorScope scope = TensorScope.open("test");
                    TorchCheckpoint open = TorchCheckpoint.open(path)) {
                assertThat(open.tensor("column").toFloats()).containsExactly(-2.5f, -0.5f, 1.5f);
                assertThat(open.tensor("repeated").toFloats()).containsExactly(3.25f, 3.25f, 3.25f, 3.25f, 3.25f);
            }
        }
    }

    @Test
    void integer_keys_sizes_devices_and_shared_tensors_read_as_plain_values() {
        try (TensorScope scope = TensorScope.open("test");
                TorchCheckpoint open = TorchCheckpoint.open(Samples.TORCH.resolve("int_keys.pth"))) {
            assertThat(open.names()).containsExactly("13", "-2.0", "-2.1.0");
            assertThat(open.tensor("-2.1.0").toFloats()).containsExactly(1, 1.5f, 2, 2.5f);
            Map<?, ?> root = dictionary(open.root());
            Object row = root.get(13L);
            assertThat((Object) root.get(-2L)).isEqualTo(Arrays.asList(row, Arrays.asList(row, null)));
            assertThat((Object) root.get(1L << 40)).isEqualTo("text");
            assertThat((Object) root.get("size")).isEqualTo(List.of(3L, 4L));
            assertThat((Object) root.get("device")).isEqualTo("cuda:0");
        }
    }

    @Test
    void a_pickled_steering_vector_reads_as_its_fields() {
        try (TensorScope scope = TensorScope.open("test");
                TorchCheckpoint open = TorchCheckpoint.open(Samples.TORCH.resolve("steering_vector.pt"))) {
            assertThat(open.names()).containsExactly("layer_activations.13");
            assertThat(open.tensor("layer_activations.13").toFloats()).containsExactly(1, 1.5f, 2, 2.5f);
            assertThat((Object) dictionary(open.root()).get("layer_type")).isEqualTo("decoder_block");
        }
    }

    private static Map<?, ?> dictionary(@Nullable Object value) {
        assertThat(value).isInstanceOf(Map.class);
        return value instanceof Map<?, ?> map ? map : Map.of();
    }

    // ---------------------------------------------------------------- what is refused

    @ParameterizedTest
    @CsvSource({
        "evil_system.pth, posix.system",
        "evil_nested.pth, builtins.eval",
        "evil_stack_global.pth, os.system",
        "evil_new.pth, mymodel.Model"
    })
    void a_file_that_asks_for_code_is_refused_by_the_name_it_asks_for(String name, String asked) {
        Path file = Samples.TORCH.resolve(name);
        assertThatThrownBy(() -> TorchCheckpoint.open(file))
                .isInstanceOf(PintleException.class)
                .hasMessage("Refused to load " + name + ": it asks for " + asked + ".\n  file:     "
                        + file.toAbsolutePath()
                        + "\n  expected: tensors and plain values only; nothing in the file is executed"
                        + "\n  try:      torch.save of a plain dict of tensors, or safetensors");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "before_1_6.pt|This is not a PyTorch file, or it has the format from before PyTorch 1.6.",
                "big_endian.pth|The file was written on a machine with the other byte order.",
                "deflated_storage.pth|A storage is compressed, which PyTorch never does.",
                "deflate_bomb.pth|An entry of the ZIP file is too large.",
                "negative_stride.pth|A tensor extends beyond its storage.",
                "negative_offset.pth|A tensor extends beyond its storage.",
                "past_the_end.pth|A tensor extends beyond its storage.",
                "overflowing_stride.pth|A tensor extends beyond its storage.",
                "overflowing_size.pth|The pickle gives a tensor an invalid shape.",
                "repeated_too_often.pth|A tensor extends beyond its storage.",
                "storage_too_large.pth|A storage does not have the size given in the pickle.",
                "storage_missing.pth|The file lacks a storage that its pickle refers to.",
                "bare_storage.pth|The pickle of the file is malformed.",
                "deep.pth|The pickle of the file is nested too deeply.",
                "holds_itself.pth|The pickle of the file is nested too deeply.",
                "key_holds_itself.pth|The pickle of the file is malformed.",
                "doubling.pth|The file expands to more than is allowed.",
                "many_dicts.pth|The pickle of the file expands to more than is allowed.",
                "many_marks.pth|The pickle of the file expands to more than is allowed."
            })
    void a_file_that_cannot_be_trusted_is_refused(String name, String sentence) {
        long start = CpuTime.nanos();
        assertThatThrownBy(() -> TorchCheckpoint.open(Samples.TORCH.resolve(name)))
                .isInstanceOf(PintleException.class)
                .hasMessageStartingWith(sentence + "\n  ");
        assertThat((CpuTime.nanos() - start) / 1e9).isLessThan(1);
    }

    @Test
    void a_view_outside_its_storage_says_which_one() {
        Path file = Samples.TORCH.resolve("past_the_end.pth");
        assertThatThrownBy(() -> TorchCheckpoint.open(file))
                .hasMessage("A tensor extends beyond its storage.\n  file:    " + file.toAbsolutePath()
                        + "\n  at byte: 157\n  storage: 0, 12 fp32\n  offset:  8\n  size:    [5]\n  stride:  [1]");
    }

    /** Pickles of a few megabytes that would take gigabytes or hours. */
    @Test
    void bombs_in_the_pickle_end_within_a_second() throws IOException {
        byte[] memos = new byte[5 * 3_000_000];
        ByteBuffer fill = ByteBuffer.wrap(memos).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; fill.hasRemaining(); i++) {
            fill.put((byte) 'r').putInt(i);
        }
        refusedWithinASecond("expands to more", concat(new byte[] {(byte) 0x80, 2, ']'}, memos, new byte[] {'.'}));
        // A tuple of 100,000 numbers read as a size a million times.
        byte[] tuple = concat(new byte[] {'('}, filled("K\1", 100_000), new byte[] {'t', (byte) 0x85, 'q', 0});
        byte[] sizes = filled("ctorch\nSize\nh\0R", 1_000_000);
        refusedWithinASecond("is malformed", concat(new byte[] {(byte) 0x80, 2}, tuple, sizes, new byte[] {'.'}));
        // A record that takes over 100,000 attributes a million times.
        byte[] dict = new byte[4 + 100_000 * 6];
        ByteBuffer put = ByteBuffer.wrap(dict)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put((byte) '}')
                .put((byte) '(');
        for (int i = 0; i < 100_000; i++) {
            put.put((byte) 'J').putInt(i).put((byte) 'N');
        }
        put.put((byte) 'u').put((byte) '0');
        byte[] memoized = concat(Arrays.copyOf(dict, dict.length - 1), new byte[] {'q', 0, '0'});
        byte[] record = concat("csteering_vectors.steering_vector\nSteeringVector\n)\u0081"
                .getBytes(java.nio.charset.StandardCharsets.ISO_8859_1));
        refusedWithinASecond(
                "expands to more",
                concat(new byte[] {(byte) 0x80, 2}, memoized, record, filled("h\0b", 1_000_000), new byte[] {'.'}));
    }

    private void refusedWithinASecond(String message, byte[] pickle) throws IOException {
        Path file = Files.createTempFile(folder, "bomb", ".pth");
        Files.write(file, zip(pickle));
        long start = CpuTime.nanos();
        assertThatThrownBy(() -> TorchCheckpoint.open(file))
                .isInstanceOf(PintleException.class)
                .hasMessageContaining(message);
        assertThat((CpuTime.nanos() - start) / 1e9).isLessThan(1);
    }

    private static byte[] filled(String text, int times) {
        return text.repeat(times).getBytes(java.nio.charset.StandardCharsets.ISO_8859_1);
    }

    private static byte[] concat(byte[]... parts) {
        ByteBuffer all =
                ByteBuffer.allocate(Arrays.stream(parts).mapToInt(p -> p.length).sum());
        for (byte[] part : parts) {
            all.put(part);
        }
        return all.array();
    }

    /** A PyTorch file of a pickle and of the storages 0 (12 FP32) and 1 (6 BF16). */
    static byte[] zip(byte[] pickle) throws IOException {
        Path file = Files.createTempFile("pickle", ".zip");
        try (java.nio.channels.FileChannel channel =
                java.nio.channels.FileChannel.open(file, java.nio.file.StandardOpenOption.WRITE)) {
            ZipWriter zip = new ZipWriter(channel);
            zip.entry("archive/data.pkl", pickle);
            zip.entry("archive/data/0", new byte[48]);
            zip.entry("archive/data/1", new byte[12]);
            zip.entry("archive/version", new byte[] {'3', '\n'});
            zip.finish();
            return Files.readAllBytes(file);
        } finally {
            Files.delete(file);
        }
    }

    private static void rebuild(byte[] file, Path path, String pad) throws IOException {
        try (java.util.zip.ZipInputStream in =
                        new java.util.zip.ZipInputStream(new java.io.ByteArrayInputStream(file));
                OutputStream out = Files.newOutputStream(path);
                ZipOutputStream zip = new ZipOutputStream(out)) {
            zip.setMethod(ZipOutputStream.STORED);
            add(zip, pad, pad.getBytes(java.nio.charset.StandardCharsets.US_ASCII));
            for (ZipEntry e = in.getNextEntry(); e != null; e = in.getNextEntry()) {
                add(zip, e.getName(), in.readAllBytes());
            }
        }
    }

    private static void add(ZipOutputStream zip, String name, byte[] bytes) throws IOException {
        ZipEntry entry = new ZipEntry(name);
        java.util.zip.CRC32 crc = new java.util.zip.CRC32();
        crc.update(bytes);
        entry.setSize(bytes.length);
        entry.setCrc(crc.getValue());
        zip.putNextEntry(entry);
        zip.write(bytes);
    }

    // ---------------------------------------------------------------- writing

    @Test
    void every_dtype_and_plain_value_comes_back_to_the_bit() {
        try (TensorScope scope = TensorScope.open("test")) {
            Map<String, Tensor> tensors = Samples.ofEveryDType();
            Map<Object, Object> config = new LinkedHashMap<>();
            config.put("none", null);
            config.put("yes", true);
            config.put("no", false);
            config.put("int", 7);
            config.put("long", -(1L << 40));
            config.put("double", -0.1);
            config.put(3, List.of("a", List.of(), Map.of()));
            Map<String, Object> tree = new LinkedHashMap<>();
            tree.put("state", tensors);
            tree.put("config", config);
            tree.put("again", tensors.get("fp32.matrix"));
            Path file = folder.resolve("made/all.pth");
            TorchCheckpoint.write(file, tree);
            try (TorchCheckpoint back = TorchCheckpoint.open(file)) {
                tensors.forEach((name, tensor) -> assertSameBits(back.tensor("state." + name), tensor, name));
                Map<?, ?> root = dictionary(back.root());
                Map<Object, Object> expected = new LinkedHashMap<>(config);
                expected.put("int", 7L);
                expected.put(3L, expected.remove(3));
                assertThat((Object) root.get("config")).isEqualTo(expected);
                assertThat((Object) root.get("again"))
                        .isEqualTo(dictionary(root.get("state")).get("fp32.matrix"));
            }
        }
    }

    /** The same entries, alignment and numbers that Python's zipfile and libtorch's own reader see. */
    @Test
    void libtorch_reads_what_is_written() throws IOException {
        try (TensorScope scope = TensorScope.open("test")) {
            Map<String, Object> tree = new LinkedHashMap<>();
            tree.put("weight", Tensor.of(FLOATS, 3, 4));
            tree.put("half", Tensor.of(FLOATS, 4, 3).to(DType.BF16));
            tree.put("layer", 13);
            Path file = folder.resolve("ours.pt");
            TorchCheckpoint.write(file, tree);
            try (ByteVector bytes = new ByteVector(Files.readAllBytes(file));
                    IValue value = torch.pickle_load(bytes);
                    GenericDict dict = value.toGenericDict()) {
                assertThat(dict.size()).isEqualTo(3);
                assertThat(dict.at(new IValue("layer")).toInt()).isEqualTo(13);
                org.bytedeco.pytorch.Tensor weight =
                        dict.at(new IValue("weight")).toTensor();
                float[] values = new float[12];
                weight.data_ptr_float().get(values);
                assertThat(values).containsExactly(FLOATS);
                assertThat(weight.sizes().vec().get()).containsExactly(3, 4);
                org.bytedeco.pytorch.Tensor half = dict.at(new IValue("half")).toTensor();
                half.to(torch.ScalarType.Float).data_ptr_float().get(values);
                assertThat(values).containsExactly(FLOATS);
            }
        }
    }

    @Test
    void what_libtorch_writes_is_read() throws IOException {
        try (TensorScope scope = TensorScope.open("test")) {
            org.bytedeco.pytorch.Tensor tensor = torch.arange(new org.bytedeco.pytorch.Scalar(12.0))
                    .reshape(3, 4)
                    .t();
            Path file = folder.resolve("theirs.pt");
            try (ByteVector bytes = torch.pickle_save(new IValue(tensor))) {
                Files.write(file, bytes.get());
            }
            try (TorchCheckpoint open = TorchCheckpoint.open(file)) {
                assertThat(open.tensor(TorchCheckpoint.BARE).shape()).isEqualTo(Shape.of(4, 3));
                assertThat(open.tensor(TorchCheckpoint.BARE).toFloats())
                        .containsExactly(0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11);
            }
        }
    }

    @Test
    void storages_are_written_at_multiples_of_64() throws IOException {
        try (TensorScope scope = TensorScope.open("test")) {
            Path file = folder.resolve("f.pth");
            TorchCheckpoint.write(file, Samples.ofEveryDType());
            try (java.nio.channels.FileChannel channel = java.nio.channels.FileChannel.open(file)) {
                ZipDirectory zip = ZipDirectory.read(channel, file);
                for (ZipDirectory.Entry entry : zip.entries().values()) {
                    assertThat(zip.dataOffset(entry) % 64).as(entry.name()).isZero();
                }
            }
        }
    }

    @Test
    void values_that_are_not_plain_are_refused_by_their_class() throws IOException {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> TorchCheckpoint.write(folder.resolve("f"), Map.of("a", new int[0])))
                .withMessage("Such a value cannot be written to a PyTorch file.\n"
                        + "  expected: tensors, strings, numbers, booleans, lists and maps\n  but was:  [I");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> TorchCheckpoint.write(folder.resolve("f"), Map.of(1.5, "a")))
                .withMessage("Such a value cannot be written to a PyTorch file.\n"
                        + "  expected: String, Integer and Long keys\n  but was:  java.lang.Double");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> TorchCheckpoint.write(folder.resolve("f"), "\ud800"))
                .withMessageStartingWith("Such a text cannot be written to a PyTorch file.");
        List<Object> itself = new ArrayList<>();
        itself.add(itself);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> TorchCheckpoint.write(folder.resolve("f"), itself))
                .withMessageStartingWith("The values to write are nested too deeply.");
        assertThat(folder).isEmptyDirectory();
    }
}
