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
import dev.pintle.tensor.io.GgufValue.Kind;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GgufTest {
    private static final Path GGUF = Path.of("src/test/resources/gguf");

    private final Path folder;

    GgufTest(@TempDir Path folder) {
        this.folder = folder;
    }

    /** Written by the Python script beside it, from the format's description. */
    @ParameterizedTest
    @ValueSource(strings = {"control_vector.gguf", "control_vector_v2.gguf"})
    void a_control_vector_reads_as_it_was_written(String name) {
        try (TensorScope scope = TensorScope.open("test");
                Gguf file = Gguf.open(GGUF.resolve(name))) {
            assertThat(file.names()).containsExactly("direction.1", "direction.2");
            assertThat(file.entry("direction.2")).isEqualTo(new TensorEntry("direction.2", DType.FP32, Shape.of(3)));
            assertThat(file.tensor("direction.1").toFloats()).containsExactly(0.5f, -1, 2);
            assertThat(file.tensor("direction.2").toFloats()).containsExactly(3, 4, 5);
            assertThat(file.metadata())
                    .containsExactly(
                            Map.entry("general.architecture", "controlvector"),
                            Map.entry("controlvector.model_hint", "llama"),
                            Map.entry("controlvector.layer_count", "2"));
            assertThat(file.values()).containsEntry("controlvector.layer_count", new GgufValue.Int(Kind.INT32, 2));
        }
    }

    @Test
    void shapes_are_outermost_first_and_quantised_tensors_are_listed_but_refused() {
        try (TensorScope scope = TensorScope.open("test");
                Gguf file = Gguf.open(GGUF.resolve("mixed.gguf"))) {
            assertThat(file.names()).containsExactly("wide", "packed", "half", "future");
            assertThat(file.tensor("wide").shape()).isEqualTo(Shape.of(2, 3));
            assertThat(file.tensor("wide").toFloats()).containsExactly(0, 1, 2, 3, 4, 5);
            assertThat(file.tensor("half").dtype()).isEqualTo(DType.BF16);
            assertThat(file.tensor("half").toFloats()).containsExactly(1, -2);
            assertThat(file.listed("packed")).isEqualTo(new Gguf.Listed("packed", "Q4_K", Shape.of(2, 256)));
            assertThat(file.listed("future").type()).isEqualTo("type 77");
            assertThatThrownBy(() -> file.tensor("packed"))
                    .isInstanceOf(PintleException.class)
                    .hasMessage("Quantised tensors are not supported.\n  file:     "
                            + GGUF.resolve("mixed.gguf").toAbsolutePath()
                            + "\n  tensor:   packed\n  expected: F32, F16, BF16, F64, I8, I16, I32 or I64"
                            + "\n  but was:  Q4_K\n  try:      a file converted with --outtype f32, f16 or bf16");
            assertThatThrownBy(() -> file.entry("future")).hasMessageContaining("but was:  type 77");
            assertThat(file.values().get("list"))
                    .isEqualTo(new GgufValue.Array(Kind.STRING, List.of(GgufValue.of("a"), GgufValue.of("ü"))));
            assertThat(file.metadata()).doesNotContainKey("list").containsEntry("general.alignment", "64");
        }
    }

    @Test
    void what_is_written_is_what_the_format_describes() throws IOException {
        try (TensorScope scope = TensorScope.open("test")) {
            Map<String, GgufValue> values = new LinkedHashMap<>();
            values.put("general.architecture", GgufValue.of("controlvector"));
            values.put("controlvector.model_hint", GgufValue.of("llama"));
            values.put("controlvector.layer_count", new GgufValue.Int(Kind.INT32, 2));
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            tensors.put("direction.1", Tensor.of(new float[] {0.5f, -1, 2}, 3));
            tensors.put("direction.2", Tensor.of(new float[] {3, 4, 5}, 3));
            Gguf.write(folder.resolve("f.gguf"), values, tensors);
            assertThat(folder.resolve("f.gguf")).hasSameBinaryContentAs(GGUF.resolve("control_vector.gguf"));
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 8, 32, 4096})
    void every_value_and_dtype_comes_back_to_the_bit_at_any_alignment(long alignment) {
        try (TensorScope scope = TensorScope.open("test")) {
            Map<String, Tensor> tensors = Samples.ofEveryDType();
            tensors.values().removeIf(t -> t.dtype() == DType.UINT8 || t.dtype() == DType.BOOL);
            Map<String, GgufValue> values = new LinkedHashMap<>();
            if (alignment > 0) {
                values.put("general.alignment", GgufValue.uint32(alignment));
            }
            values.put("u8", new GgufValue.Int(Kind.UINT8, 255));
            values.put("i8", new GgufValue.Int(Kind.INT8, -128));
            values.put("u16", new GgufValue.Int(Kind.UINT16, 0xFFFF));
            values.put("i16", new GgufValue.Int(Kind.INT16, -0x8000));
            values.put("u32", new GgufValue.Int(Kind.UINT32, 0xFFFF_FFFFL));
            values.put("i32", new GgufValue.Int(Kind.INT32, Integer.MIN_VALUE));
            values.put("u64", new GgufValue.Int(Kind.UINT64, -1));
            values.put("i64", new GgufValue.Int(Kind.INT64, Long.MIN_VALUE));
            values.put("f32", GgufValue.of(-0.1f));
            values.put("f64", new GgufValue.Float64(-0.1));
            values.put("bool", GgufValue.of(true));
            values.put("text", GgufValue.of("line\nü\0"));
            values.put("empty", new GgufValue.Array(Kind.INT16, List.of()));
            values.put(
                    "nested",
                    new GgufValue.Array(
                            Kind.ARRAY, List.of(new GgufValue.Array(Kind.BOOL, List.of(GgufValue.of(false))))));
            Path file = folder.resolve("made/f.gguf");
            Gguf.write(file, values, tensors);
            try (Gguf back = Gguf.open(file)) {
                assertThat(back.values()).containsExactlyEntriesOf(values);
                assertThat(back.metadata()).containsEntry("u64", "18446744073709551615");
                assertThat(back.names()).containsExactlyElementsOf(tensors.keySet());
                tensors.forEach((name, tensor) -> assertSameBits(back.tensor(name), tensor, name));
            }
        }
    }

    @Test
    void what_the_format_cannot_hold_is_refused_before_a_file_appears() {
        try (TensorScope scope = TensorScope.open("test")) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() ->
                            Gguf.write(folder.resolve("f"), Map.of(), Map.of("t", Tensor.of(new boolean[] {true}, 1))))
                    .withMessage("""
                            A GGUF file cannot contain such a tensor.
                              tensor:   t
                              expected: fp32, fp16, bf16, fp64, int8, int16, int32 or int64
                              but was:  [1] bool on cpu""");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Gguf.write(
                            folder.resolve("f"), Map.of(), Map.of("t", Tensor.of(new float[] {1}, 1, 1, 1, 1, 1))))
                    .withMessageContaining("at most 4 axes");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> new GgufValue.Int(Kind.UINT8, 256))
                    .withMessage("The number does not fit its type.\n  kind:    UINT8\n  but was: 256");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> new GgufValue.Array(Kind.BOOL, List.of(GgufValue.of("a"))))
                    .withMessage(
                            "The values of an array must have the same type.\n  expected: BOOL\n  but was:  STRING");
            assertThat(folder).isEmptyDirectory();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "GGML, 3, This is not a GGUF file.",
        "GGUF, 1, This version of GGUF is not supported.",
        "GGUF, 50331648, This version of GGUF is not supported."
    })
    void other_files_are_refused(String magic, int version, String sentence) throws IOException {
        Path file = folder.resolve("f.gguf");
        Files.write(
                file,
                ByteBuffer.allocate(24)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .put(magic.getBytes(StandardCharsets.US_ASCII))
                        .putInt(version)
                        .array());
        assertThatThrownBy(() -> Gguf.open(file))
                .isInstanceOf(PintleException.class)
                .hasMessageStartingWith(sentence + "\n  file:");
    }

    /** Fields of control_vector.gguf, overwritten: offsets as in the script that wrote it. */
    @ParameterizedTest
    @CsvSource({
        "8, -1, 8, The header of the file is malformed.",
        "8, 3, 8, The header of the file is malformed.",
        "16, 9223372036854775807, 8, The header of the file is malformed.",
        "24, 9223372036854775807, 8, The header of the file is malformed.",
        "52, 13, 4, The header of the file is malformed.",
    })
    void counts_and_kinds_are_checked_before_they_are_believed(int at, long value, int bytes, String sentence)
            throws IOException {
        byte[] content = Files.readAllBytes(GGUF.resolve("control_vector.gguf"));
        byte[] wide = ByteBuffer.allocate(8)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(value)
                .array();
        System.arraycopy(wide, 0, content, at, bytes);
        Path file = Files.write(folder.resolve("f.gguf"), content);
        assertThatThrownBy(() -> Gguf.open(file))
                .isInstanceOf(PintleException.class)
                .hasMessageStartingWith(sentence);
    }
}
