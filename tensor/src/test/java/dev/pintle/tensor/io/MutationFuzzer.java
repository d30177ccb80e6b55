package dev.pintle.tensor.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import dev.pintle.base.PintleException;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/**
 * Damages small valid files in repeatable ways and reads each. Allowed are success and {@link PintleException}, within a
 * second; the number of a case in a failure is enough to make it again.
 */
final class MutationFuzzer {
    private static final long SECOND = 1_000_000_000L;
    private static final long[] INTERESTING = {
        0,
        1,
        -1,
        2,
        4,
        8,
        64,
        127,
        128,
        255,
        256,
        0x7FFF,
        0xFFFF,
        1 << 20,
        Integer.MAX_VALUE,
        Integer.MIN_VALUE,
        0xFFFF_FFFFL,
        0x1_0000_0000L,
        1L << 40,
        1L << 61,
        1L << 62,
        Long.MAX_VALUE,
        Long.MIN_VALUE
    };
    private static final String[] WORDS = {
        "0",
        "-1",
        "1",
        "4",
        "99999999",
        "9223372036854775807",
        "18446744073709551616",
        "1e9",
        "null",
        "[]",
        "{}",
        "\"\"",
        "F64",
        "F8_E4M3",
        "]",
        "}",
        "[",
        "{",
        ",",
        "\"",
        "(",
        ")",
        "True"
    };

    private final Path folder;
    private final String suffix;
    private final Function<Path, Checkpoint> reader;
    private int read;
    private int refused;
    private long slowest;

    /**
     * @param suffix of the files' names
     * @param reader opens one
     */
    MutationFuzzer(Path folder, String suffix, Function<Path, Checkpoint> reader) {
        this.folder = folder;
        this.suffix = suffix;
        this.reader = reader;
    }

    /** A folder in memory where there is one. */
    static Path fastFolder(Path fallback) throws IOException {
        Path memory = Path.of("/dev/shm");
        return Files.isWritable(memory) ? Files.createTempDirectory(memory, "pintle-fuzz") : fallback;
    }

    /**
     * @param seeds valid contents
     * @param wrap makes a file of a mutated content, such as by putting it into a container with right checksums
     */
    void mutate(List<byte[]> seeds, UnaryOperator<byte[]> wrap, int count, long seed) throws IOException {
        for (int i = 0; i < count; i++) {
            Random random = new Random(seed * 1_000_003 + i);
            byte[] content = seeds.get(random.nextInt(seeds.size()));
            for (int rounds = 1 + random.nextInt(4); rounds > 0; rounds--) {
                content = mutated(content, seeds.get(random.nextInt(seeds.size())), random);
            }
            read(wrap.apply(content), "mutation " + i + " of seed " + seed);
        }
        assertThat(refused).as("a fuzzer that nothing refuses is broken").isPositive();
    }

    /** Reads the file cut at every byte; each must be refused. */
    void truncate(byte[] file) throws IOException {
        for (int length = 0; length < file.length; length++) {
            int before = refused;
            read(Arrays.copyOf(file, length), "cut at byte " + length);
            assertThat(refused).as("cut at byte " + length).isEqualTo(before + 1);
        }
    }

    /** How many were read and refused, and the slowest case. */
    String summary() {
        return String.format(
                java.util.Locale.ROOT,
                "%s: %d read, %d refused, slowest %.1f ms",
                suffix,
                read,
                refused,
                slowest / 1e6);
    }

    private void read(byte[] bytes, String what) throws IOException {
        Path file = folder.resolve("case" + suffix);
        Files.deleteIfExists(file); // a new file each time: the last one may still be mapped
        Files.write(file, bytes);
        long start = CpuTime.nanos();
        try (TensorScope scope = TensorScope.open("fuzz");
                Checkpoint checkpoint = reader.apply(file)) {
            for (String name : checkpoint.names()) {
                readTensor(checkpoint, name);
            }
            read++;
        } catch (PintleException e) {
            refused++;
        } catch (RuntimeException | Error e) {
            fail(what + " of " + suffix + " ended in " + e, e);
        }
        long took = CpuTime.nanos() - start;
        slowest = Math.max(slowest, took);
        assertThat(took).as(what + " took too long").isLessThan(SECOND);
    }

    /** Each tensor on its own: one that is refused must not hide the next. */
    private static void readTensor(Checkpoint checkpoint, String name) {
        try (TensorScope scope = TensorScope.open("read")) {
            Tensor tensor = checkpoint.tensor(name);
            assertThat(checkpoint.entry(name).shape()).isEqualTo(tensor.shape());
            tensor.toBytes();
        } catch (PintleException e) {
            // as good as a refused file
        }
    }

    private static byte[] mutated(byte[] bytes, byte[] other, Random random) {
        if (bytes.length == 0) {
            return other;
        }
        byte[] out = bytes.clone();
        int at = random.nextInt(out.length);
        int length = 1 + random.nextInt(Math.min(64, out.length - at));
        switch (random.nextInt(10)) {
            case 0, 1 -> out[at] ^= (byte) (1 << random.nextInt(8));
            case 2 -> out[at] = (byte) random.nextInt(256);
            case 3, 4 -> {
                long value = INTERESTING[random.nextInt(INTERESTING.length)];
                byte[] wide = ByteBuffer.allocate(8)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putLong(value)
                        .array();
                System.arraycopy(wide, 0, out, at, Math.min(1 << random.nextInt(4), out.length - at));
            }
            case 5 -> {
                byte[] word = WORDS[random.nextInt(WORDS.length)].getBytes(StandardCharsets.US_ASCII);
                out = joined(out, at, word, random.nextBoolean() ? at : Math.min(out.length, at + word.length));
            }
            case 6 -> out = Arrays.copyOf(out, at);
            case 7 -> out = joined(out, at + length, Arrays.copyOfRange(out, at, at + length), at + length);
            case 8 -> out = joined(out, at, new byte[0], at + length);
            default -> {
                int from = random.nextInt(other.length);
                int to = from + 1 + random.nextInt(Math.min(64, other.length - from));
                out = joined(out, at, Arrays.copyOfRange(other, from, to), random.nextBoolean() ? at : at + length);
            }
        }
        return out;
    }

    /** The bytes before {@code end}, then {@code middle}, then those from {@code start} on. */
    private static byte[] joined(byte[] bytes, int end, byte[] middle, int start) {
        return ByteBuffer.allocate(end + middle.length + bytes.length - start)
                .put(bytes, 0, end)
                .put(middle)
                .put(bytes, start, bytes.length - start)
                .array();
    }
}
