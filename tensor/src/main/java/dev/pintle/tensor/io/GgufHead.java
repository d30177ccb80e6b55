package dev.pintle.tensor.io;

import dev.pintle.base.Excerpt;
import dev.pintle.base.FileProblems;
import dev.pintle.base.PintleException;
import dev.pintle.base.RegularFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;

/**
 * The beginning of a GGUF file: metadata without long lists such as vocabularies, and which tensors there are. Reading it
 * needs neither libtorch nor much memory, so that many files can be looked at.
 */
public final class GgufHead {
    private static final int MOST_NUMBERS = 1 << 20;

    private final Path path;
    private final Map<String, GgufValue> values;
    private final Map<String, Gguf.Stored> tensors;

    GgufHead(Path path, Map<String, GgufValue> values, Map<String, Gguf.Stored> tensors) {
        this.path = path;
        this.values = values;
        this.tensors = tensors;
    }

    /** @throws PintleException if the file is not GGUF version 2 or 3, or does not match its header */
    public static GgufHead read(Path path) {
        return Gguf.head(path);
    }

    /** The file. */
    public Path path() {
        return path;
    }

    /** The metadata with types, in file order, without lists of more than 4,096 elements. */
    public Map<String, GgufValue> values() {
        return values;
    }

    /** Names of all tensors, in file order. */
    public Set<String> names() {
        return tensors.keySet();
    }

    /** The ggml type and the shape of a tensor. */
    public Gguf.Listed listed(String name) {
        return Names.find(tensors, name, path).listed();
    }

    /** Size of a tensor in the file; 0 for a type that is not known. */
    public long bytes(String name) {
        Gguf.Stored stored = Names.find(tensors, name, path);
        return stored.end() - stored.offset();
    }

    /**
     * The numbers of a small tensor.
     *
     * @param name of a tensor of type F32
     */
    public float[] numbers(String name) {
        Gguf.Stored stored = Names.find(tensors, name, path);
        if (!stored.listed().type().equals("F32") || bytes(name) > MOST_NUMBERS) {
            throw FileProblems.of("A tensor of numbers for the configuration has another form than it should.", path)
                    .fact("tensor", Excerpt.of(name))
                    .fact("expected", "F32, at most " + MOST_NUMBERS + " bytes")
                    .fact(
                            "but was",
                            stored.listed().type() + " " + stored.listed().shape())
                    .toException();
        }
        ByteBuffer bytes = ByteBuffer.allocate((int) bytes(name)).order(ByteOrder.LITTLE_ENDIAN);
        try (FileChannel file = RegularFile.open(path)) {
            while (bytes.hasRemaining() && file.read(bytes, stored.offset() + bytes.position()) > 0) {
                // reads until all numbers are there
            }
        } catch (IOException e) {
            throw FileProblems.unreadable(path, e);
        }
        float[] numbers = new float[bytes.position() / Float.BYTES];
        bytes.flip().asFloatBuffer().get(numbers);
        return numbers;
    }
}
