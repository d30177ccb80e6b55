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
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NumPyTest {
    private static final Path NUMPY = Path.of("src/test/resources/numpy");
    private static final float[] FLOATS = {-3, -2.5f, -2, -1.5f, -1, -0.5f, 0, 0.5f, 1, 1.5f, 2, 2.5f};

    private final Path folder;

    NumPyTest(@TempDir Path folder) {
        this.folder = folder;
    }

    @ParameterizedTest
    @ValueSource(strings = {"c_order.npy", "fortran_order.npy", "version3.npy"})
    void an_array_reads_the_same_in_either_memory_order(String name) {
        try (TensorScope scope = TensorScope.open("test")) {
            Tensor array = Npy.read(NUMPY.resolve(name));
            assertThat(array.shape()).isEqualTo(Shape.of(3, 4));
            assertThat(array.dtype()).isEqualTo(DType.FP32);
            assertThat(array.toFloats()).containsExactly(FLOATS);
        }
    }

    @Test
    void three_axes_in_fortran_order_scalars_and_empty_arrays_read_right() {
        try (TensorScope scope = TensorScope.open("test")) {
            Tensor cube = Npy.read(NUMPY.resolve("fortran_3d.npy"));
            assertThat(cube.shape()).isEqualTo(Shape.of(2, 3, 4));
            assertThat(cube.toInts()).containsExactly(IntStream.range(0, 24).toArray());
            assertThat(Npy.read(NUMPY.resolve("scalar.npy")).shape()).isEqualTo(Shape.of());
            assertThat(Npy.read(NUMPY.resolve("scalar.npy")).item()).isEqualTo(0.1);
            assertThat(Npy.read(NUMPY.resolve("empty.npy")).shape()).isEqualTo(Shape.of(0, 3));
            assertThat(Npy.read(NUMPY.resolve("empty.npy")).dtype()).isEqualTo(DType.FP16);
        }
    }

    @Test
    void what_is_written_is_what_numpy_writes() throws IOException {
        try (TensorScope scope = TensorScope.open("test")) {
            for (String name : new String[] {"c_order.npy", "scalar.npy", "empty.npy"}) {
                Npy.write(folder.resolve(name), Npy.read(NUMPY.resolve(name)));
                assertThat(folder.resolve(name)).hasSameBinaryContentAs(NUMPY.resolve(name));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"stored.npz", "compressed.npz"})
    void arrays_read_the_same_stored_and_compressed(String name) {
        try (TensorScope scope = TensorScope.open("test");
                Npz arrays = Npz.open(NUMPY.resolve(name))) {
            Map<String, DType> dtypes = new LinkedHashMap<>();
            dtypes.put("f8", DType.FP64);
            dtypes.put("f4", DType.FP32);
            dtypes.put("f2", DType.FP16);
            dtypes.put("i8", DType.INT64);
            dtypes.put("i4", DType.INT32);
            dtypes.put("i2", DType.INT16);
            dtypes.put("i1", DType.INT8);
            dtypes.put("u1", DType.UINT8);
            assertThat(arrays.names()).startsWith("f8", "f4").contains("b1", "folder/fortran", "large", "none");
            dtypes.forEach((key, dtype) -> {
                assertThat(arrays.entry(key)).isEqualTo(new TensorEntry(key, dtype, Shape.of(4)));
                assertThat(arrays.tensor(key).dtype()).isEqualTo(dtype);
                assertThat(arrays.tensor(key).toFloats()).containsExactly(0, 1, 2, 100);
            });
            assertThat(arrays.tensor("b1").dtype()).isEqualTo(DType.BOOL);
            assertThat(arrays.tensor("b1").toInts()).containsExactly(1, 0);
            assertThat(arrays.tensor("folder/fortran").toFloats()).containsExactly(FLOATS);
            assertThat(arrays.tensor("none").shape()).isEqualTo(Shape.of(2, 0));
            Tensor large = arrays.tensor("large");
            assertThat(large.shape()).isEqualTo(Shape.of(300, 400));
            assertThat(large.narrow(0, 297, 3).narrow(1, 396, 4).toFloats()).containsExactly(FLOATS);
            assertThat(large.to(DType.FP64).sum().item()).isEqualTo(-3.0 * 10_000);
        }
    }

    @Test
    void every_dtype_that_numpy_has_comes_back_to_the_bit() {
        try (TensorScope scope = TensorScope.open("test")) {
            Map<String, Tensor> tensors = Samples.ofEveryDType();
            tensors.values().removeIf(tensor -> tensor.dtype() == DType.BF16);
            Path file = folder.resolve("made/all.npz");
            Npz.write(file, tensors);
            try (Npz back = Npz.open(file)) {
                assertThat(back.names()).containsExactlyInAnyOrderElementsOf(tensors.keySet());
                tensors.forEach((name, tensor) -> {
                    assertSameBits(back.tensor(name), tensor, name);
                    Npy.write(folder.resolve("one.npy"), tensor);
                    assertSameBits(Npy.read(folder.resolve("one.npy")), tensor, name);
                });
            }
        }
    }

    @Test
    void bf16_is_refused_with_what_to_try() {
        try (TensorScope scope = TensorScope.open("test")) {
            Tensor tensor = Tensor.of(new float[] {1}, 1).to(DType.BF16);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Npy.write(folder.resolve("f"), tensor))
                    .withMessage("NumPy has no such dtype.\n  but was: bf16\n"
                            + "  try:     tensor.to(DType.FP32), which represents every bf16 number exactly");
            assertThatIllegalArgumentException().isThrownBy(() -> Npz.write(folder.resolve("f"), Map.of("a", tensor)));
            assertThat(folder).isEmptyDirectory();
        }
    }

    @Test
    void an_array_of_objects_is_refused_unread() {
        Path file = NUMPY.resolve("objects.npy");
        assertThatThrownBy(() -> Npy.read(file))
                .isInstanceOf(PintleException.class)
                .hasMessage("An array has an unsupported dtype.\n  file:     " + file.toAbsolutePath()
                        + "\n  at byte:  128\n  expected: <f8, <f4, <f2, <i8, <i4, <i2, |i1, |u1 or |b1"
                        + "\n  but was:  |O: Python objects, which cannot be read without running their code"
                        + "\n  try:      numpy.save(path, array.astype('<f4'))");
    }

    @ParameterizedTest
    @CsvSource({
        "big_endian.npy, the other byte order",
        "records.npy, Structured arrays are not supported.",
        "two_bytes.npy, bf16 is often saved this way",
        "complex.npy, <c8: an unsupported type"
    })
    void other_dtypes_are_refused_by_name(String name, String message) {
        assertThatThrownBy(() -> Npy.read(NUMPY.resolve(name)))
                .isInstanceOf(PintleException.class)
                .hasMessageContaining(message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{'descr': '<f4', 'fortran_order': False, 'shape': (1)}|",
                "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}|The file does not have the size of its array.",
                "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}|The header of the file is malformed.",
                "{'descr': '<f4', 'fortran_order': False, 'shape': (9999999999999999999,)}|The header of the file is malformed.",
                "{'descr': '<f4', 'fortran_order': False, 'shape': (999999999999999999,99,0)}|The header gives an array an invalid shape.",
                "{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}|The header of the file is malformed.",
                "{'descr': '<f4', 'fortran_order': False}|The header of the file is malformed.",
                "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}|The header of the file is malformed.",
                "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'x': 1}|The header of the file is malformed.",
                "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} + exit()|The header of the file is malformed.",
                "__import__('os')|The header of the file is malformed."
            })
    void a_header_that_cannot_be_trusted_is_refused(String header, String sentence) throws IOException {
        Path file = folder.resolve("f.npy");
        byte[] text = header.getBytes(StandardCharsets.US_ASCII);
        byte[] bytes = new byte[10 + text.length + 4];
        System.arraycopy(
                new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, (byte) text.length, 0}, 0, bytes, 0, 10);
        System.arraycopy(text, 0, bytes, 10, text.length);
        Files.write(file, bytes);
        try (TensorScope scope = TensorScope.open("test")) {
            if (sentence == null) {
                assertThat(Npy.read(file).toFloats()).containsExactly(0);
            } else {
                assertThatThrownBy(() -> Npy.read(file))
                        .isInstanceOf(PintleException.class)
                        .hasMessageStartingWith(sentence + "\n  file:");
            }
        }
    }

    /** The checksum of a compressed entry is checked, since damage there is not seen otherwise. */
    @Test
    void a_compressed_array_with_a_wrong_checksum_is_refused() throws IOException {
        byte[] bytes = Files.readAllBytes(NUMPY.resolve("compressed.npz"));
        int central = new String(bytes, StandardCharsets.ISO_8859_1).indexOf("PK\1\2");
        bytes[central + 16] ^= 1;
        Path file = Files.write(folder.resolve("f.npz"), bytes);
        try (TensorScope scope = TensorScope.open("test");
                Npz open = Npz.open(file)) {
            assertThatThrownBy(() -> open.tensor("f8"))
                    .isInstanceOf(PintleException.class)
                    .hasMessageStartingWith("A compressed entry of the ZIP file is damaged.\n  file:     " + file
                            + "\n  entry:    f8.npy\n  expected: checksum ");
        }
    }
}
