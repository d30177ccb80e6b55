package dev.pintle.testkit;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ContainerNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.PintleException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Text that was damaged or forged, in repeatable ways, and a Java process of its own to read it in: what ends that process
 * ends no test run, and fails the test. Allowed are success and {@link PintleException}, within two seconds.
 */
public final class Hostile {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final long LONGEST = 2_000_000_000L;
    private static final String[] NUMBERS = {
        "0",
        "-1",
        "1",
        "2",
        "255",
        "256",
        "65536",
        "99999999",
        "2147483647",
        "4294967295",
        "9223372036854775807",
        "18446744073709551616",
        "1e308",
        "1e999",
        "0.5",
        "-0.0"
    };
    private static final String[] SYNTAX = {
        "null",
        "true",
        "[]",
        "{}",
        "\"\"",
        "]",
        "}",
        "[",
        "{",
        ",",
        "\"",
        ":",
        "\n",
        "\\",
        "\\ud83d",
        "\\u0000",
        "[[[[[[[["
    };
    private static final String[] TEXTS = {
        "", " ", "a", "▁", "é", "😀", "\u0000", "\ud83d", "\u202e", "\u009b31m", "<s>", "Sequence", "x".repeat(3000)
    };

    private Hostile() {}

    /** Reads what may be damaged. */
    public interface Reader {
        void read(byte[] content) throws Exception;
    }

    // ---- in the process that may die

    /**
     * Damages texts and reads each; ends the process with a message when one ends in anything but a refusal.
     *
     * @param folder where the number of the present case is kept, for the process that watches
     * @param words that mean something to the reader
     */
    public static void mutate(Path folder, List<String> seeds, List<String> words, int count, long seed, Reader reader)
            throws IOException {
        List<byte[]> contents = new ArrayList<>();
        seeds.forEach(text -> contents.add(text.getBytes(StandardCharsets.UTF_8)));
        int refused = 0;
        long slowest = 0;
        try (RandomAccessFile present =
                new RandomAccessFile(folder.resolve("case").toFile(), "rw")) {
            for (int i = 0; i < count; i++) {
                Random random = new Random(seed * 1_000_003 + i);
                byte[] content = contents.get(random.nextInt(contents.size()));
                for (int rounds = 1 + random.nextInt(3); rounds > 0; rounds--) {
                    byte[] other = contents.get(random.nextInt(contents.size()));
                    content = random.nextInt(3) == 0
                            ? bytesMutated(content, other, words, random)
                            : jsonMutated(content, other, words, random);
                }
                present.seek(0);
                present.writeInt(i);
                long start = System.nanoTime();
                try {
                    reader.read(content);
                } catch (PintleException e) {
                    refused++;
                    requireShort(e, i, content);
                } catch (Throwable e) {
                    fail("case " + i + " ended in " + e, e, content);
                }
                long took = System.nanoTime() - start;
                slowest = Math.max(slowest, took);
                if (took > LONGEST) {
                    fail("case " + i + " took " + took / 1_000_000 + " ms", null, content);
                }
            }
        }
        if (refused == 0) {
            fail("a fuzzer that nothing refuses is broken", null, new byte[0]);
        }
        System.out.printf(Locale.ROOT, "%d read, %d refused, slowest %.1f ms%n", count, refused, slowest / 1e6);
    }

    /** What others wrote is quoted in messages only in part, and never so that a terminal obeys it. */
    private static void requireShort(PintleException e, int number, byte[] content) {
        String message = String.valueOf(e.getMessage());
        boolean obeyed = message.chars()
                .anyMatch(c ->
                        (c < ' ' && c != '\n') || (c >= 0x7f && c < 0xa0) || Character.getType(c) == Character.FORMAT);
        if (message.length() > 3000 || obeyed || message.contains("REDACTED") || message.contains("Exception:")) {
            fail("case " + number + " says too much: " + message, e, content);
        }
    }

    private static void fail(String what, @Nullable Throwable cause, byte[] content) {
        System.out.println(what);
        if (cause != null) {
            cause.printStackTrace(System.out);
        }
        String text = new String(content, StandardCharsets.UTF_8);
        System.out.println(text.length() > 2000 ? text.substring(0, 2000) + "…" : text);
        System.exit(1);
    }

    // ---- in the process that watches

    /**
     * Runs a main class in another Java process until it ends.
     *
     * @param folder its first argument
     * @param flags for the JVM, beside those for a program that ends soon: compiled quickly, not well
     * @return what it printed
     * @throws AssertionError when it does not end well, with the number of the case that it was at
     */
    public static String survives(Class<?> main, Path folder, int heapMegabytes, int seconds, String... flags)
            throws Exception {
        Path output = folder.resolve("output");
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx" + heapMegabytes + "m",
                "-XX:-CreateCoredumpOnCrash",
                "-XX:ErrorFile=" + folder.resolve("error"),
                "-XX:TieredStopAtLevel=1"));
        command.addAll(List.of(flags));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName(), folder.toString()));
        Process child = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        boolean ended = child.waitFor(seconds, TimeUnit.SECONDS);
        if (!ended) {
            child.destroyForcibly().waitFor();
        }
        String printed = new String(Files.readAllBytes(output), StandardCharsets.UTF_8);
        if (!ended || child.exitValue() != 0) {
            Path present = folder.resolve("case");
            int number = Files.exists(present) && Files.size(present) >= 4
                    ? ByteBuffer.wrap(Files.readAllBytes(present)).getInt()
                    : -1;
            String how = ended ? "ended with " + child.exitValue() : "did not end within " + seconds + " s";
            throw new AssertionError(main.getSimpleName() + " " + how + " at case " + number + "\n" + printed);
        }
        return printed;
    }

    // ---- damage

    private static byte[] jsonMutated(byte[] bytes, byte[] other, List<String> words, Random random) {
        JsonNode root;
        JsonNode donor;
        try {
            root = JSON.readTree(bytes);
            donor = JSON.readTree(other);
        } catch (IOException e) {
            return bytesMutated(bytes, other, words, random);
        }
        List<JsonNode> containers = new ArrayList<>();
        containers(root, containers);
        List<JsonNode> pieces = new ArrayList<>();
        containers(donor, pieces);
        if (containers.isEmpty()) {
            return bytesMutated(bytes, other, words, random);
        }
        JsonNode place = containers.get(random.nextInt(containers.size()));
        JsonNode value = value(pieces, words, random);
        if (place instanceof ObjectNode object) {
            List<String> names = new ArrayList<>();
            object.fieldNames().forEachRemaining(names::add);
            String name = names.isEmpty() ? "x" : names.get(random.nextInt(names.size()));
            switch (random.nextInt(6)) {
                case 0 -> object.remove(name);
                case 1 -> object.set(text(words, random), object.path(name));
                case 2 -> object.set(name, nested(object.path(name), 1 + random.nextInt(40), random));
                default -> object.set(name, value);
            }
        } else if (place instanceof ArrayNode array && !array.isEmpty()) {
            int at = random.nextInt(array.size());
            switch (random.nextInt(5)) {
                case 0 -> array.remove(at);
                case 1 -> array.insert(at, array.get(at).deepCopy());
                case 2 -> array.insert(at, value);
                default -> array.set(at, value);
            }
        }
        try {
            return JSON.writeValueAsBytes(root);
        } catch (JsonProcessingException e) {
            return bytes;
        }
    }

    private static void containers(JsonNode node, List<JsonNode> into) {
        if (node instanceof ContainerNode<?>) {
            into.add(node);
            node.forEach(child -> containers(child, into));
        }
    }

    private static JsonNode nested(JsonNode node, int depth, Random random) {
        JsonNode result = node;
        boolean list = random.nextBoolean();
        for (int i = 0; i < depth; i++) {
            result = list
                    ? JSON.createArrayNode().add(result)
                    : JSON.createObjectNode()
                            .put("type", "Sequence")
                            .set("decoders", JSON.createArrayNode().add(result));
        }
        return result;
    }

    private static String text(List<String> words, Random random) {
        String text =
                random.nextInt(3) == 0 ? TEXTS[random.nextInt(TEXTS.length)] : words.get(random.nextInt(words.size()));
        return random.nextInt(8) == 0 ? text + words.get(random.nextInt(words.size())) : text;
    }

    private static JsonNode value(List<JsonNode> pieces, List<String> words, Random random) {
        JsonNodeFactory nodes = JsonNodeFactory.instance;
        return switch (random.nextInt(8)) {
            case 0 -> nodes.nullNode();
            case 1 -> nodes.booleanNode(random.nextBoolean());
            case 2 -> nodes.numberNode(new BigDecimal(NUMBERS[random.nextInt(13)]));
            case 3, 4 ->
                pieces.isEmpty()
                        ? nodes.arrayNode()
                        : pieces.get(random.nextInt(pieces.size())).deepCopy();
            default -> nodes.textNode(text(words, random));
        };
    }

    private static byte[] bytesMutated(byte[] bytes, byte[] other, List<String> words, Random random) {
        if (bytes.length == 0) {
            return other;
        }
        byte[] out = bytes.clone();
        int at = random.nextInt(out.length);
        int length = 1 + random.nextInt(Math.min(64, out.length - at));
        switch (random.nextInt(8)) {
            case 0 -> out[at] ^= (byte) (1 << random.nextInt(8));
            case 1 -> out[at] = (byte) random.nextInt(256);
            case 2, 3 -> {
                String word = switch (random.nextInt(3)) {
                    case 0 -> NUMBERS[random.nextInt(NUMBERS.length)];
                    case 1 -> SYNTAX[random.nextInt(SYNTAX.length)];
                    default -> words.get(random.nextInt(words.size()));
                };
                byte[] piece = word.getBytes(StandardCharsets.UTF_8);
                out = joined(out, at, piece, random.nextBoolean() ? at : Math.min(out.length, at + piece.length));
            }
            case 4 -> out = Arrays.copyOf(out, at);
            case 5 -> out = joined(out, at + length, Arrays.copyOfRange(out, at, at + length), at + length);
            case 6 -> out = joined(out, at, new byte[0], at + length);
            default -> {
                if (other.length > 0) {
                    int from = random.nextInt(other.length);
                    int to = from + 1 + random.nextInt(Math.min(64, other.length - from));
                    out = joined(out, at, Arrays.copyOfRange(other, from, to), random.nextBoolean() ? at : at + length);
                }
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
