package dev.pintle.tensor.io;

import dev.pintle.base.AtomicFile;
import dev.pintle.base.Excerpt;
import dev.pintle.base.FileProblems;
import dev.pintle.base.GitLfs;
import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import dev.pintle.base.RegularFile;
import dev.pintle.tensor.BlockFormat;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.MappedFile;
import dev.pintle.tensor.Shape;
import dev.pintle.tensor.Tensor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Files in llama.cpp's GGUF format: typed metadata and tensors, used for models and control vectors. Reads versions 2
 * and 3, writes version 3.
 *
 * <p>Layout, little-endian: {@code "GGUF"}, version, number of tensors, number of metadata values; each value as key,
 * type, content; each tensor as name, number of axes, sizes innermost first, ggml type, offset; then, from the next
 * multiple of {@code general.alignment} (default 32), the tensors, each at such a multiple.
 *
 * <p>Quantised tensors are listed with name, type and shape. {@link #tensor} refuses them; {@link #bytes} gives their
 * blocks.
 *
 * @see <a href="https://github.com/ggml-org/ggml/blob/master/docs/gguf.md">the format</a>
 */
public final class Gguf implements Checkpoint {
    private static final int MAGIC = 0x46554747;
    private static final long MAX_HEADER = 128L << 20;
    private static final int MAX_TENSORS = 100_000;
    private static final int MAX_VALUES = 4_000_000;
    private static final int MAX_KEY = 0xFFFF;
    private static final int MAX_TEXT = 16 << 20;
    private static final int MAX_AXES = 4;
    private static final int MAX_NESTED = 8;
    private static final int LONG_LIST = 4096; // longer than one value a layer, shorter than vocabularies
    private static final String ALIGNMENT = "general.alignment";
    private static final int DEFAULT_ALIGNMENT = 32;

    private final Path path;
    private final MappedFile file;
    private final Map<String, GgufValue> values;
    private final Map<String, Stored> tensors;

    private Gguf(Path path, MappedFile file, Map<String, GgufValue> values, Map<String, Stored> tensors) {
        this.path = path;
        this.file = file;
        this.values = values;
        this.tensors = tensors;
    }

    /**
     * A tensor as listed in the file, readable or not.
     *
     * @param type ggml's name for its storage type, such as {@code F32} or {@code Q4_K}
     * @param shape sizes of the axes, outermost first as everywhere here
     */
    public record Listed(String name, String type, Shape shape) {}

    /**
     * @param offset first byte in the file
     */
    record Stored(Listed listed, @Nullable DType dtype, long offset, long end) {}

    /**
     * A ggml type.
     *
     * @param block number of elements stored together
     * @param bytes bytes per block
     * @param dtype element type, if it is not quantised
     */
    private record GgmlType(
            int id,
            String name,
            int block,
            int bytes,
            @Nullable DType dtype) {
        static GgmlType plain(int id, String name, DType dtype) {
            return new GgmlType(id, name, 1, dtype.bytes(), dtype);
        }

        static GgmlType packed(int id, String name, int block, int bytes) {
            return new GgmlType(id, name, block, bytes, null);
        }
    }

    /** From enum ggml_type in ggml.h and the block structures in ggml-common.h. */
    private static final List<GgmlType> TYPES = List.of(
            GgmlType.plain(0, "F32", DType.FP32),
            GgmlType.plain(1, "F16", DType.FP16),
            GgmlType.packed(2, "Q4_0", 32, 18),
            GgmlType.packed(3, "Q4_1", 32, 20),
            GgmlType.packed(6, "Q5_0", 32, 22),
            GgmlType.packed(7, "Q5_1", 32, 24),
            GgmlType.packed(8, "Q8_0", 32, 34),
            GgmlType.packed(9, "Q8_1", 32, 36),
            GgmlType.packed(10, "Q2_K", 256, 84),
            GgmlType.packed(11, "Q3_K", 256, 110),
            GgmlType.packed(12, "Q4_K", 256, 144),
            GgmlType.packed(13, "Q5_K", 256, 176),
            GgmlType.packed(14, "Q6_K", 256, 210),
            GgmlType.packed(15, "Q8_K", 256, 292),
            GgmlType.packed(16, "IQ2_XXS", 256, 66),
            GgmlType.packed(17, "IQ2_XS", 256, 74),
            GgmlType.packed(18, "IQ3_XXS", 256, 98),
            GgmlType.packed(19, "IQ1_S", 256, 50),
            GgmlType.packed(20, "IQ4_NL", 32, 18),
            GgmlType.packed(21, "IQ3_S", 256, 110),
            GgmlType.packed(22, "IQ2_S", 256, 82),
            GgmlType.packed(23, "IQ4_XS", 256, 136),
            GgmlType.plain(24, "I8", DType.INT8),
            GgmlType.plain(25, "I16", DType.INT16),
            GgmlType.plain(26, "I32", DType.INT32),
            GgmlType.plain(27, "I64", DType.INT64),
            GgmlType.plain(28, "F64", DType.FP64),
            GgmlType.packed(29, "IQ1_M", 256, 56),
            GgmlType.plain(30, "BF16", DType.BF16),
            GgmlType.packed(34, "TQ1_0", 256, 54),
            GgmlType.packed(35, "TQ2_0", 256, 66),
            GgmlType.packed(39, "MXFP4", 32, 17));

    /**
     * Opens a file. The cost depends on its metadata, not on the size of the tensors.
     *
     * @throws PintleException if the file is not GGUF version 2 or 3, or does not match its header
     */
    public static Gguf open(Path path) {
        GitLfs.requireContent(path);
        try (FileChannel channel = RegularFile.open(path)) {
            Header header = new Reader(channel, path).read();
            return new Gguf(path, MappedFile.open(path), header.values(), header.tensors());
        } catch (IOException e) {
            throw FileProblems.unreadable(path, e);
        }
    }

    /** The beginning of a file. */
    static GgufHead head(Path path) {
        GitLfs.requireContent(path);
        try (FileChannel channel = RegularFile.open(path)) {
            Reader reader = new Reader(channel, path);
            reader.passOver(LONG_LIST);
            Header header = reader.read();
            return new GgufHead(path, header.values(), header.tensors());
        } catch (IOException e) {
            throw FileProblems.unreadable(path, e);
        }
    }

    @Override
    public Path path() {
        return path;
    }

    /** Names of all tensors, including those that cannot be read. */
    @Override
    public Set<String> names() {
        return tensors.keySet();
    }

    /** The ggml type and the shape of a tensor, whether it can be read or not. */
    public Listed listed(String name) {
        return Names.find(tensors, name, path).listed();
    }

    /**
     * @throws PintleException also for a quantised tensor, naming its type; {@link #listed} describes those
     */
    @Override
    public TensorEntry entry(String name) {
        Stored stored = Names.find(tensors, name, path);
        return new TensorEntry(name, readable(stored), stored.listed().shape());
    }

    /** @throws PintleException also for a quantised tensor, naming its type */
    @Override
    public Tensor tensor(String name) {
        Stored stored = Names.find(tensors, name, path);
        return file.tensor(stored.offset(), readable(stored), stored.listed().shape());
    }

    /**
     * A quantised tensor's blocks as they are stored, on the CPU, in the current scope: the mapped file, which stays valid
     * after this is closed.
     *
     * @return `[bytes]` UINT8
     * @throws PintleException if there is no tensor of this name, or its type is not known here
     */
    public Tensor bytes(String name) {
        Stored stored = Names.find(tensors, name, path);
        if (BlockFormat.named(stored.listed().type()).isEmpty()) {
            throw FileProblems.of("This type of tensor is not supported.", path)
                    .fact("tensor", Excerpt.of(name))
                    .fact(
                            "expected",
                            "F32, F16, BF16, "
                                    + BlockFormat.ofGguf().stream()
                                            .map(BlockFormat::name)
                                            .collect(Collectors.joining(", ")))
                    .fact("but was", stored.listed().type())
                    .fact("try", "a file of another quantisation, such as Q4_K_M or Q8_0")
                    .toException();
        }
        return file.tensor(stored.offset(), DType.UINT8, Shape.of(stored.end() - stored.offset()));
    }

    private DType readable(Stored stored) {
        DType dtype = stored.dtype();
        if (dtype == null) {
            throw FileProblems.of("Quantised tensors are not supported.", path)
                    .fact("tensor", Excerpt.of(stored.listed().name()))
                    .fact("expected", "F32, F16, BF16, F64, I8, I16, I32 or I64")
                    .fact("but was", stored.listed().type())
                    .fact("try", "a file converted with --outtype f32, f16 or bf16")
                    .toException();
        }
        return dtype;
    }

    /** All metadata with types, in file order. */
    public Map<String, GgufValue> values() {
        return values;
    }

    /** The metadata as text, without arrays. */
    @Override
    public Map<String, String> metadata() {
        Map<String, String> text = new LinkedHashMap<>();
        values.forEach((key, value) -> {
            if (!(value instanceof GgufValue.Array)) {
                text.put(key, value.toString());
            }
        });
        return Collections.unmodifiableMap(text);
    }

    @Override
    public void close() {
        file.close();
    }

    // ---------------------------------------------------------------- reading

    private record Header(Map<String, GgufValue> values, Map<String, Stored> tensors) {}

    private static final class Reader {
        private static final GgufValue.Kind[] KINDS = GgufValue.Kind.values();
        private static final GgufValue LEFT_OUT = new GgufValue.Text("left out"); // told by identity

        private final Path path;
        private final long fileSize;
        private final Cursor in;
        private int valueCount;
        private long longest = Long.MAX_VALUE;

        Reader(FileChannel channel, Path path) throws IOException {
            this.path = path;
            this.fileSize = channel.size();
            this.in = Cursor.over(channel, 0, Math.min(fileSize, MAX_HEADER), path, "header");
        }

        /** Leaves out values that are lists of more than {@code count} elements. */
        void passOver(int count) {
            longest = count;
        }

        Header read() {
            if (in.remaining() < 8 || in.i32() != MAGIC) {
                throw FileProblems.of("This is not a GGUF file.", path).toException();
            }
            int version = in.i32();
            if (version != 2 && version != 3) {
                boolean swapped = Integer.reverseBytes(version) == 2 || Integer.reverseBytes(version) == 3;
                throw FileProblems.of("This version of GGUF is not supported.", path)
                        .fact("expected", "2 or 3, little-endian")
                        .fact("but was", swapped ? "big-endian" : Integer.toUnsignedString(version))
                        .toException();
            }
            long tensorCount = count(MAX_TENSORS, "tensors");
            long keyCount = count(MAX_TENSORS, "metadata values");
            Map<String, GgufValue> values = new LinkedHashMap<>();
            for (long i = 0; i < keyCount; i++) {
                String key = key();
                if (values.put(key, value(kind(), 0)) != null) {
                    throw in.malformed("unique metadata keys", Excerpt.of(key) + " twice");
                }
            }
            values.values().removeIf(value -> value == LEFT_OUT);
            return new Header(Collections.unmodifiableMap(values), tensors(tensorCount, alignment(values)));
        }

        private long count(long most, String what) {
            long count = in.i64();
            if (count < 0 || count > most) {
                throw in.malformed("at most " + most + " " + what, Long.toUnsignedString(count));
            }
            return count;
        }

        private String key() {
            return in.text(count(MAX_KEY, "bytes of a name"));
        }

        private GgufValue.Kind kind() {
            long id = in.u32();
            for (GgufValue.Kind kind : KINDS) {
                if (kind.id() == id) {
                    return kind;
                }
            }
            throw in.malformed("a value type from 0 to 12", String.valueOf(id));
        }

        private GgufValue value(GgufValue.Kind kind, int depth) {
            if (++valueCount > MAX_VALUES) {
                throw in.malformed("at most " + MAX_VALUES + " metadata values", "more");
            }
            return switch (kind) {
                case UINT8 -> new GgufValue.Int(kind, in.u8());
                case INT8 -> new GgufValue.Int(kind, (byte) in.u8());
                case UINT16 -> new GgufValue.Int(kind, in.u16());
                case INT16 -> new GgufValue.Int(kind, (short) in.u16());
                case UINT32 -> new GgufValue.Int(kind, in.u32());
                case INT32 -> new GgufValue.Int(kind, in.i32());
                case UINT64, INT64 -> new GgufValue.Int(kind, in.i64());
                case FLOAT32 -> new GgufValue.Float32(Float.intBitsToFloat(in.i32()));
                case FLOAT64 -> new GgufValue.Float64(Double.longBitsToDouble(in.i64()));
                case BOOL -> new GgufValue.Bool(truth());
                case STRING -> new GgufValue.Text(in.text(count(MAX_TEXT, "bytes of text")));
                case ARRAY -> array(depth);
            };
        }

        private boolean truth() {
            int value = in.u8();
            if (value > 1) {
                throw in.malformed("a boolean, 0 or 1", String.valueOf(value));
            }
            return value == 1;
        }

        private GgufValue array(int depth) {
            if (depth == MAX_NESTED) {
                throw in.malformed("arrays nested at most " + MAX_NESTED + " deep", "deeper ones");
            }
            GgufValue.Kind elements = kind();
            long count = count(MAX_VALUES, "elements of an array");
            if (count > longest) {
                for (long i = 0; i < count; i++) {
                    skip(elements, depth + 1);
                }
                return LEFT_OUT;
            }
            List<GgufValue> values = new ArrayList<>(); // grow with the actual content, not with the announced size
            for (long i = 0; i < count; i++) {
                values.add(value(elements, depth + 1));
            }
            return new GgufValue.Array(elements, values);
        }

        private void skip(GgufValue.Kind kind, int depth) {
            switch (kind) {
                case STRING -> in.skip(count(MAX_TEXT, "bytes of text"));
                case ARRAY -> array(depth);
                default -> in.skip(Writer.width(kind));
            }
        }

        private long alignment(Map<String, GgufValue> values) {
            GgufValue value = values.get(ALIGNMENT);
            if (value == null) {
                return DEFAULT_ALIGNMENT;
            }
            return alignmentOf(value, () -> FileProblems.of("The file has an invalid alignment.", path));
        }

        private Map<String, Stored> tensors(long count, long alignment) {
            record Declared(String name, GgmlType type, Shape shape, long offset) {}
            Map<String, Declared> declared = new LinkedHashMap<>();
            for (long i = 0; i < count; i++) {
                String name = key();
                long axes = in.u32();
                if (axes > MAX_AXES) {
                    throw about(name, "A tensor has too many axes.")
                            .fact("expected", "at most " + MAX_AXES)
                            .fact("but was", axes)
                            .toException();
                }
                long[] sizes = new long[(int) axes];
                for (int axis = sizes.length - 1; axis >= 0; axis--) {
                    sizes[axis] = in.i64();
                }
                GgmlType type = type(in.u32());
                Shape shape = Layout.shape(
                        sizes,
                        type.dtype() == null ? DType.UINT8 : type.dtype(),
                        () -> about(name, "The header gives a tensor an invalid shape."));
                if (declared.put(name, new Declared(name, type, shape, in.i64())) != null) {
                    throw in.malformed("unique tensor names", Excerpt.of(name) + " twice");
                }
            }
            long data = Math.floorDiv(in.position() + alignment - 1, alignment) * alignment;
            Map<String, Stored> tensors = new LinkedHashMap<>();
            for (Declared d : declared.values()) {
                long blocks = d.shape().elements() / d.type().block();
                boolean whole = d.shape().elements() % d.type().block() == 0;
                long room = fileSize - data - d.offset();
                boolean empty = blocks == 0;
                if (d.offset() < 0
                        || d.offset() % alignment != 0
                        || !whole
                        || (!empty
                                && (room < 0
                                        || blocks > room / Math.max(d.type().bytes(), 1)))) {
                    throw about(d.name(), "A tensor extends beyond its file, or is not aligned.")
                            .fact("needs", d.shape() + " " + d.type().name())
                            .fact("offset", Long.toUnsignedString(d.offset()))
                            .fact("alignment", alignment)
                            .fact("data size", Math.max(fileSize - data, 0))
                            .toException();
                }
                long start = empty ? 0 : data + d.offset();
                tensors.put(
                        d.name(),
                        new Stored(
                                new Listed(d.name(), d.type().name(), d.shape()),
                                d.type().dtype(),
                                start,
                                start + blocks * d.type().bytes()));
            }
            requireApart(tensors.values());
            return Collections.unmodifiableMap(tensors);
        }

        private void requireApart(Iterable<Stored> tensors) {
            List<Stored> ordered = new ArrayList<>();
            tensors.forEach(ordered::add);
            ordered.sort(Comparator.comparingLong(Stored::offset).thenComparingLong(Stored::end));
            long at = 0;
            for (Stored stored : ordered) {
                if (stored.offset() < at && stored.end() > stored.offset()) {
                    throw about(stored.listed().name(), "A tensor overlaps another.")
                            .fact("expected", "begin at byte " + at + " or later")
                            .fact("but was", stored.offset())
                            .toException();
                }
                at = Math.max(at, stored.end());
            }
        }

        /** A type that is not in the list has an unknown block size: listed by number, never read. */
        private static GgmlType type(long id) {
            return TYPES.stream()
                    .filter(type -> type.id() == id)
                    .findFirst()
                    .orElseGet(() -> GgmlType.packed((int) id, "type " + id, 1, 0));
        }

        private Problem about(String name, String sentence) {
            return FileProblems.of(sentence, path).fact("tensor", Excerpt.of(name));
        }
    }

    private static long alignmentOf(GgufValue value, java.util.function.Supplier<Problem> problem) {
        if (value instanceof GgufValue.Int number
                && number.value() > 0
                && number.value() <= 1 << 20
                && Long.bitCount(number.value()) == 1) {
            return number.value();
        }
        throw problem.get()
                .fact("expected", ALIGNMENT + " a power of two up to 1048576")
                .fact("but was", value instanceof GgufValue.Int ? value : value.kind())
                .toException();
    }

    // ---------------------------------------------------------------- writing

    /**
     * Writes a version 3 file, with values and tensors in map order. The write is atomic.
     *
     * @param path the file to create or replace; missing folders are created
     * @param values metadata; {@code general.alignment} is honoured if present
     * @param tensors with at most four axes and a dtype that ggml has: not UINT8 and not BOOL
     * @throws IllegalArgumentException for other tensors
     * @throws PintleException if the file cannot be written
     */
    public static void write(Path path, Map<String, GgufValue> values, Map<String, Tensor> tensors) {
        long alignment = values.containsKey(ALIGNMENT)
                ? alignmentOf(
                        values.getOrDefault(ALIGNMENT, GgufValue.uint32(0)),
                        () -> Problem.of("The file has an invalid alignment."))
                : DEFAULT_ALIGNMENT;
        byte[] header = new Writer().header(values, tensors, alignment);
        AtomicFile.write(path, file -> {
            AtomicFile.writeFully(file, ByteBuffer.wrap(header));
            for (Tensor tensor : tensors.values()) {
                pad(file, alignment);
                TensorBytes.stream(tensor, piece -> AtomicFile.writeFully(file, ByteBuffer.wrap(piece)));
            }
            pad(file, alignment);
        });
    }

    private static void pad(FileChannel file, long alignment) throws IOException {
        int padding = (int) (-file.position() & (alignment - 1));
        AtomicFile.writeFully(file, ByteBuffer.allocate(padding));
    }

    private static final class Writer {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream();

        byte[] header(Map<String, GgufValue> values, Map<String, Tensor> tensors, long alignment) {
            number(MAGIC, 4);
            number(3, 4);
            number(tensors.size(), 8);
            number(values.size(), 8);
            values.forEach((key, value) -> {
                text(key);
                number(value.kind().id(), 4);
                value(value);
            });
            long offset = 0;
            for (Map.Entry<String, Tensor> named : tensors.entrySet()) {
                Tensor tensor = named.getValue();
                text(named.getKey());
                int rank = tensor.shape().rank();
                if (rank > MAX_AXES) {
                    throw Problem.of("A GGUF file cannot contain such a tensor.")
                            .fact("tensor", named.getKey())
                            .fact("expected", "at most " + MAX_AXES + " axes")
                            .fact("but was", tensor.describe())
                            .toIllegalArgument();
                }
                number(rank, 4);
                for (int axis = rank - 1; axis >= 0; axis--) {
                    number(tensor.size(axis), 8);
                }
                number(type(named.getKey(), tensor).id(), 4);
                number(offset, 8);
                offset += (TensorBytes.size(tensor) + alignment - 1) & -alignment;
            }
            return out.toByteArray();
        }

        private static GgmlType type(String name, Tensor tensor) {
            return TYPES.stream()
                    .filter(type -> type.dtype() == tensor.dtype())
                    .findFirst()
                    .orElseThrow(() -> Problem.of("A GGUF file cannot contain such a tensor.")
                            .fact("tensor", name)
                            .fact("expected", "fp32, fp16, bf16, fp64, int8, int16, int32 or int64")
                            .fact("but was", tensor.describe())
                            .toIllegalArgument());
        }

        private void value(GgufValue value) {
            if (value instanceof GgufValue.Int number) {
                number(number.value(), width(number.kind()));
            } else if (value instanceof GgufValue.Float32 single) {
                number(Float.floatToRawIntBits(single.value()), 4);
            } else if (value instanceof GgufValue.Float64 wide) {
                number(Double.doubleToRawLongBits(wide.value()), 8);
            } else if (value instanceof GgufValue.Bool truth) {
                number(truth.value() ? 1 : 0, 1);
            } else if (value instanceof GgufValue.Text text) {
                text(text.value());
            } else if (value instanceof GgufValue.Array array) {
                number(array.elements().id(), 4);
                number(array.values().size(), 8);
                array.values().forEach(this::value);
            }
        }

        private static int width(GgufValue.Kind kind) {
            return switch (kind) {
                case UINT8, INT8, BOOL -> 1;
                case UINT16, INT16 -> 2;
                case UINT32, INT32, FLOAT32 -> 4;
                case UINT64, INT64, FLOAT64, STRING, ARRAY -> 8;
            };
        }

        private void text(String text) {
            byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
            number(utf8.length, 8);
            out.writeBytes(utf8);
        }

        private void number(long value, int bytes) {
            byte[] wide = ByteBuffer.allocate(8)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(value)
                    .array();
            out.write(wide, 0, bytes);
        }
    }
}
