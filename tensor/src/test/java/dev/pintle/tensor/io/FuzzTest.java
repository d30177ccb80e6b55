package dev.pintle.tensor.io;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Hostile files: whatever a damaged or forged file says, reading it ends in an error that says what is wrong. */
@Tag("slow")
class FuzzTest {
    private static final int MUTATIONS = 20_000;
    private static Path folder;

    @BeforeAll
    static void chooseFolder(@TempDir Path fallback) throws IOException {
        folder = MutationFuzzer.fastFolder(fallback);
    }

    @AfterAll
    static void cleanUp() throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    @Test
    void damaged_safetensors_files_are_refused() throws IOException {
        byte[] seed = safeTensors();
        MutationFuzzer fuzzer = new MutationFuzzer(folder, ".safetensors", SafeTensors::open);
        fuzzer.mutate(List.of(seed), b -> b, MUTATIONS / 2, 1);
        // Only the JSON, with its length put right, so that mutations get past the first check.
        int length = (int) ByteBuffer.wrap(seed).order(ByteOrder.LITTLE_ENDIAN).getLong(0);
        byte[] data = Arrays.copyOfRange(seed, 8 + length, seed.length);
        fuzzer.mutate(
                List.of(Arrays.copyOfRange(seed, 8, 8 + length)),
                json -> ByteBuffer.allocate(8 + json.length + data.length)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putLong(json.length)
                        .put(json)
                        .put(data)
                        .array(),
                MUTATIONS,
                2);
        fuzzer.truncate(seed);
        System.out.println(fuzzer.summary());
    }

    @Test
    void damaged_torch_files_are_refused() throws IOException {
        List<byte[]> files = new ArrayList<>();
        List<byte[]> pickles = new ArrayList<>();
        for (String name : List.of(
                "ordered_dict.pth",
                "state_dict_with_metadata.pth",
                "nested.pth",
                "protocol4.pth",
                "parameters.pth",
                "strided.pth",
                "int_keys.pth",
                "steering_vector.pt",
                "zip64.pth",
                "deflated_pickle.pth")) {
            Path file = Samples.TORCH.resolve(name);
            files.add(Files.readAllBytes(file));
            try (FileChannel channel = FileChannel.open(file)) {
                ZipDirectory zip = ZipDirectory.read(channel, file);
                for (ZipDirectory.Entry entry : zip.entries().values()) {
                    if (entry.name().endsWith("data.pkl")) {
                        pickles.add(zip.read(entry, 1 << 20));
                    }
                }
            }
        }
        MutationFuzzer fuzzer = new MutationFuzzer(folder, ".pth", TorchCheckpoint::open);
        fuzzer.mutate(files, b -> b, MUTATIONS / 2, 3);
        // Only the pickle, in a container that is right, so that mutations reach the unpickler.
        fuzzer.mutate(pickles, FuzzTest::torchFile, MUTATIONS, 4);
        fuzzer.truncate(files.get(0));
        System.out.println(fuzzer.summary());
    }

    @Test
    void damaged_numpy_files_are_refused() throws IOException {
        MutationFuzzer npy = new MutationFuzzer(folder, ".npy", FuzzTest::oneArray);
        List<byte[]> arrays =
                files("numpy", "c_order.npy", "fortran_3d.npy", "scalar.npy", "empty.npy", "version3.npy");
        npy.mutate(arrays, b -> b, MUTATIONS, 5);
        npy.truncate(arrays.get(0));
        System.out.println(npy.summary());
        MutationFuzzer npz = new MutationFuzzer(folder, ".npz", Npz::open);
        npz.mutate(files("numpy", "stored.npz", "compressed.npz"), b -> b, MUTATIONS / 4, 6);
        npz.mutate(List.of(smallNpz()), b -> b, MUTATIONS, 7);
        npz.truncate(smallNpz());
        System.out.println(npz.summary());
    }

    @Test
    void damaged_gguf_files_are_refused() throws IOException {
        MutationFuzzer fuzzer = new MutationFuzzer(folder, ".gguf", Gguf::open);
        List<byte[]> files = files("gguf", "control_vector.gguf", "control_vector_v2.gguf", "mixed.gguf");
        fuzzer.mutate(files, b -> b, MUTATIONS, 8);
        // The file ends with the padding of its last tensor, which nothing needs.
        fuzzer.truncate(Arrays.copyOf(files.get(0), files.get(0).length - 20));
        System.out.println(fuzzer.summary());
    }

    private static List<byte[]> files(String folder, String... names) throws IOException {
        List<byte[]> files = new ArrayList<>();
        for (String name : names) {
            files.add(Files.readAllBytes(Path.of("src/test/resources", folder, name)));
        }
        return files;
    }

    private static byte[] smallNpz() throws IOException {
        Path file = folder.resolve("seed.npz");
        try (TensorScope scope = TensorScope.open("seed")) {
            Random random = new Random(1);
            Npz.write(
                    file,
                    Map.of("w", Samples.random(random, DType.FP32, 2, 3), "n", Samples.random(random, DType.INT64, 0)));
        }
        return Files.readAllBytes(file);
    }

    /** A file of one array as a checkpoint of one tensor. */
    private static Checkpoint oneArray(Path path) {
        Tensor tensor = Npy.read(path);
        TensorEntry entry = new TensorEntry("array", tensor.dtype(), tensor.shape());
        return new Checkpoint() {
            @Override
            public Path path() {
                return path;
            }

            @Override
            public Set<String> names() {
                return Set.of("array");
            }

            @Override
            public TensorEntry entry(String name) {
                return entry;
            }

            @Override
            public Tensor tensor(String name) {
                return tensor;
            }

            @Override
            public Map<String, String> metadata() {
                return Map.of();
            }

            @Override
            public void close() {}
        };
    }

    private static byte[] torchFile(byte[] pickle) {
        try {
            return TorchCheckpointTest.zip(pickle);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static byte[] safeTensors() throws IOException {
        Path file = folder.resolve("seed.safetensors");
        try (TensorScope scope = TensorScope.open("seed")) {
            Random random = new Random(1);
            Map<String, Tensor> tensors = Map.of(
                    "w", Samples.random(random, DType.FP32, 2, 3),
                    "b", Samples.random(random, DType.BF16, 5),
                    "none", Samples.random(random, DType.INT64, 0),
                    "scalar", Samples.random(random, DType.UINT8));
            SafeTensors.write(file, tensors, Map.of("format", "pt"));
        }
        return Files.readAllBytes(file);
    }
}
