package dev.pintle.tensor.io;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Shape;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files beyond 2 GiB, sparse, so that they cost no disk. */
class LargeFilesTest {
    private static final long GIB = 1L << 30;

    private final Path folder;

    LargeFilesTest(@TempDir Path folder) {
        this.folder = folder;
    }

    @BeforeEach
    void warmUp() throws IOException {
        Assumptions.assumeTrue(Files.exists(Path.of("/proc/self/status")), "needs /proc to read the process's size");
        try (TensorScope scope = TensorScope.open("load libtorch")) {
            Tensor.of(new float[] {1}, 1).plus(1);
        }
    }

    @Test
    void a_file_of_16_gib_opens_within_a_second_and_without_memory() throws IOException {
        Path file = folder.resolve("large.safetensors");
        // 8 tensors [2^29] of FP32: exactly 2 GiB each
        StringBuilder json = new StringBuilder("{");
        for (long i = 0; i < 8; i++) {
            json.append(i == 0 ? "" : ",").append("\"w").append(i);
            json.append("\":{\"dtype\":\"F32\",\"shape\":[536870912],\"data_offsets\":[");
            json.append(i * 2 * GIB).append(',').append((i + 1) * 2 * GIB).append("]}");
        }
        json.append('}');
        while (json.length() % 8 != 0) {
            json.append(' ');
        }
        long data = 8L + json.length();
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.setLength(data + 16 * GIB);
            sparse.write(bytes(littleEndian(8).putLong(json.length())));
            sparse.write(json.toString().getBytes(StandardCharsets.US_ASCII));
            for (long i = 0; i < 8; i++) {
                sparse.seek(data + (i + 1) * 2 * GIB - 4);
                sparse.write(bytes(littleEndian(4).putFloat(i + 0.5f)));
            }
        }
        long before = residentBytes();
        long start = CpuTime.nanos();
        try (TensorScope scope = TensorScope.open("test");
                SafeTensors open = SafeTensors.open(file)) {
            double seconds = (CpuTime.nanos() - start) / 1e9;
            for (int i = 0; i < 8; i++) {
                Tensor tensor = open.tensor("w" + i);
                assertThat(tensor.shape()).isEqualTo(Shape.of(1L << 29));
                assertThat(tensor.select(0, (1L << 29) - 1).item()).isEqualTo(i + 0.5);
                assertThat(tensor.select(0, (1L << 29) - 2).item()).isZero();
            }
            long grown = residentBytes() - before;
            assertThat(seconds).isLessThan(1);
            assertThat(grown).isLessThan(500L << 20);
        }
    }

    /** One array of Java bytes cannot hold such a tensor, so this shows that a writer never tries. */
    @Test
    @Tag("slow")
    void a_tensor_beyond_2_gib_is_written_and_read_back() throws IOException {
        long count = 2 * GIB + 5;
        try (TensorScope scope = TensorScope.open("test")) {
            Tensor tensor = Tensor.zeros(DType.UINT8, Device.CPU, count);
            tensor.narrow(0, count - 2, 2).copyFrom(Tensor.of(new float[] {7, 9}, 2));
            SafeTensors.write(folder.resolve("written.safetensors"), Map.of("w", tensor), Map.of());
        }
        try (TensorScope scope = TensorScope.open("test");
                SafeTensors open = SafeTensors.open(folder.resolve("written.safetensors"))) {
            assertThat(open.entry("w").shape()).isEqualTo(Shape.of(count));
            assertThat(open.tensor("w").narrow(0, count - 3, 3).toFloats()).containsExactly(0, 7, 9);
        }
    }

    /** Two storages of 3 GiB: the second lies beyond what 32 bits can say, so its place stands in ZIP64 fields. */
    @Test
    void a_torch_file_beyond_4_gib_reads_the_last_element_of_each_storage() throws IOException {
        Path file = folder.resolve("large.pth");
        long elements = 3 * GIB / 4;
        byte[] pickle = pickle(elements);
        List<String> names = List.of("archive/data.pkl", "archive/data/0", "archive/data/1", "archive/version");
        long[] sizes = {pickle.length, 3 * GIB, 3 * GIB, 2};
        long[] headers = new long[4];
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
            for (int i = 0; i < 4; i++) {
                headers[i] = sparse.getFilePointer();
                byte[] name = names.get(i).getBytes(StandardCharsets.US_ASCII);
                int padding = (int) (-(headers[i] + 30 + name.length) & 63);
                ByteBuffer local = littleEndian(30 + name.length + padding).putInt(0x04034b50);
                local.putShort(26, (short) name.length).putShort(28, (short) padding);
                local.position(30).put(name);
                sparse.write(bytes(local));
                long data = sparse.getFilePointer();
                if (i == 0) {
                    sparse.write(pickle);
                } else if (i == 3) {
                    sparse.write(new byte[] {'3', '\n'});
                } else {
                    sparse.seek(data + sizes[i] - 4);
                    sparse.write(bytes(littleEndian(4).putFloat(i)));
                }
            }
            long directory = sparse.getFilePointer();
            for (int i = 0; i < 4; i++) {
                byte[] name = names.get(i).getBytes(StandardCharsets.US_ASCII);
                ByteBuffer central = littleEndian(46 + name.length + 28).putInt(0x02014b50);
                central.putInt(20, -1).putInt(24, -1).putInt(42, -1);
                central.putShort(28, (short) name.length).putShort(30, (short) 28);
                central.position(46).put(name).putShort((short) 1).putShort((short) 24);
                central.putLong(sizes[i]).putLong(sizes[i]).putLong(headers[i]);
                sparse.write(bytes(central));
            }
            long end = sparse.getFilePointer();
            ByteBuffer records = littleEndian(56 + 20 + 22).putInt(0x06064b50).putLong(44);
            records.putLong(24, 4).putLong(32, 4).putLong(40, end - directory).putLong(48, directory);
            records.putInt(56, 0x07064b50).putLong(64, end).putInt(72, 1);
            records.putInt(76, 0x06054b50).putShort(84, (short) -1).putShort(86, (short) -1);
            records.putInt(88, -1).putInt(92, -1);
            sparse.write(bytes(records));
        }
        long start = CpuTime.nanos();
        try (TensorScope scope = TensorScope.open("test");
                TorchCheckpoint open = TorchCheckpoint.open(file)) {
            double seconds = (CpuTime.nanos() - start) / 1e9;
            assertThat(seconds).isLessThan(1);
            assertThat(open.tensor("0").select(0, elements - 1).item()).isEqualTo(1);
            assertThat(open.tensor("1").select(0, elements - 1).item()).isEqualTo(2);
        }
    }

    /** {@code {0: tensor of storage 0, 1: tensor of storage 1}}, both {@code [elements]}. */
    private static byte[] pickle(long elements) {
        ByteBuffer out =
                littleEndian(400).put((byte) 0x80).put((byte) 2).put((byte) '}').put((byte) '(');
        for (int key = 0; key < 2; key++) {
            out.put((byte) 'K').put((byte) key);
            ascii(out, "ctorch._utils\n_rebuild_tensor_v2\n((X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0");
            out.put((byte) ('0' + key));
            ascii(out, "X\3\0\0\0cpu");
            integer(out, elements);
            ascii(out, "tQK\0");
            integer(out, elements);
            out.put((byte) 0x85);
            ascii(out, "K\1");
            out.put((byte) 0x85).put((byte) 0x89);
            ascii(out, "NtR");
        }
        ascii(out, "u.");
        return Arrays.copyOf(bytes(out), out.position());
    }

    private static void ascii(ByteBuffer out, String text) {
        out.put(text.getBytes(StandardCharsets.US_ASCII));
    }

    private static void integer(ByteBuffer out, long value) {
        out.put((byte) 0x8a).put((byte) 8).putLong(value);
    }

    private static byte[] bytes(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.capacity()];
        buffer.get(0, bytes);
        return bytes;
    }

    private static ByteBuffer littleEndian(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static long residentBytes() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith("VmRSS:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024)
                .sum();
    }
}
