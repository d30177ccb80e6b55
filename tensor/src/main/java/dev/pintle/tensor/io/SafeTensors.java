package dev.pintle.tensor.io;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import dev.pintle.base.AtomicFile;
import dev.pintle.base.Excerpt;
import dev.pintle.base.FileProblems;
import dev.pintle.base.ForeignJson;
import dev.pintle.base.GitLfs;
import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import dev.pintle.base.RegularFile;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.MappedFile;
import dev.pintle.tensor.Shape;
import dev.pintle.tensor.Tensor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Checkpoints in safetensors format: a single file, or shards listed in an index file.
 *
 * <p>A file is a 64-bit little-endian length n, n bytes of JSON
 * <pre>{"name": {"dtype": "BF16", "shape": [2048, 256], "data_offsets": [0, 1048576]}, …, "__metadata__": {"k": "v"}}</pre>
 * and the tensors' bytes, row-major and little-endian, with offsets relative to 8 + n. Like the reference implementation,
 * this reader requires the tensors to cover the rest of the file without gaps or overlaps, so a file cannot hide bytes,
 * and limits the JSON to 100 MB.
 *
 * @see <a href="https://github.com/huggingface/safetensors#format">the format</a>
 */
public final class SafeTensors implements Checkpoint {
    private static final long MAX_HEADER = 100_000_000;
    private static final int MAX_TENSORS = 100_000;
    private static final String SINGLE = "model.safetensors";
    private static final String INDEX = "model.safetensors.index.json";
    private static final String METADATA = "__metadata__";

    // Names are untrusted: they are neither interned nor kept in a table shared by all parsers.
    private static final JsonFactory JSON = JsonFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
            .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
            .build();

    private final Path path;
    private final List<MappedFile> files;
    private final Map<String, Stored> tensors;
    private final Map<String, String> metadata;

    private SafeTensors(Path path, List<MappedFile> files, Map<String, Stored> tensors, Map<String, String> metadata) {
        this.path = path;
        this.files = files;
        this.tensors = tensors;
        this.metadata = metadata;
    }

    /** A tensor's location; the offset is that of its first byte in the file. */
    private record Stored(TensorEntry entry, MappedFile file, long offset) {}

    /** A tensor as declared in a file's header; offset and end are positions in the file. */
    private record Declared(TensorEntry entry, long offset, long end) {}

    private record Header(Map<String, Declared> tensors, Map<String, String> metadata) {}

    /**
     * Opens a checkpoint. The cost depends on the headers, not on the size of the tensors.
     *
     * @param path a {@code .safetensors} file, an {@code .index.json} that lists shards, or a folder with one of the
     *     following, in this order: {@code model.safetensors}, {@code model.safetensors.index.json}, a complete set of
     *     shards {@code NAME-1-of-N.safetensors} without an index, or a single safetensors file of another name
     * @throws PintleException if a file is missing or does not match its header and index
     */
    public static SafeTensors open(Path path) {
        if (!Files.isDirectory(path)) {
            return path.toString().endsWith(".json") ? openShards(path, path) : openFile(path, path);
        }
        if (Files.exists(path.resolve(SINGLE))) {
            return openFile(path, path.resolve(SINGLE));
        }
        if (Files.exists(path.resolve(INDEX))) {
            return openShards(path, path.resolve(INDEX));
        }
        List<Path> files = ShardFiles.in(path, SINGLE + " or " + INDEX);
        return files.size() == 1 ? openFile(path, files.get(0)) : openAll(path, files);
    }

    @Override
    public Path path() {
        return path;
    }

    @Override
    public Set<String> names() {
        return tensors.keySet();
    }

    @Override
    public TensorEntry entry(String name) {
        return Names.find(tensors, name, path).entry();
    }

    @Override
    public Tensor tensor(String name) {
        Stored stored = Names.find(tensors, name, path);
        return stored.file()
                .tensor(stored.offset(), stored.entry().dtype(), stored.entry().shape());
    }

    /** The strings under {@code __metadata__}; for shards, those of the first shard that has any. */
    @Override
    public Map<String, String> metadata() {
        return metadata;
    }

    @Override
    public void close() {
        files.forEach(MappedFile::close);
    }

    // ---------------------------------------------------------------- one file, or many

    private static SafeTensors openFile(Path path, Path file) {
        Header header = readHeader(file);
        MappedFile mapped = MappedFile.open(file);
        Map<String, Stored> tensors = new LinkedHashMap<>();
        header.tensors()
                .forEach(
                        (name, declared) -> tensors.put(name, new Stored(declared.entry(), mapped, declared.offset())));
        return new SafeTensors(path, List.of(mapped), Collections.unmodifiableMap(tensors), header.metadata());
    }

    /** Shards without an index; their headers say what each contains. */
    private static SafeTensors openAll(Path path, List<Path> shards) {
        Map<String, Stored> tensors = new LinkedHashMap<>();
        Map<String, String> metadata = Map.of();
        List<MappedFile> mapped = new ArrayList<>();
        try {
            for (Path shard : shards) {
                Header header = readHeader(shard);
                MappedFile file = MappedFile.open(shard);
                mapped.add(file);
                metadata = metadata.isEmpty() ? header.metadata() : metadata;
                header.tensors().forEach((name, declared) -> {
                    if (tensors.putIfAbsent(name, new Stored(declared.entry(), file, declared.offset())) != null) {
                        throw FileProblems.of("Two shards contain a tensor of the same name.", shard)
                                .fact("tensor", Excerpt.of(name))
                                .fact("try", "an index file, " + INDEX + ", that says which one counts")
                                .toException();
                    }
                });
            }
            return new SafeTensors(path, List.copyOf(mapped), Collections.unmodifiableMap(tensors), metadata);
        } catch (RuntimeException e) {
            mapped.forEach(MappedFile::close);
            throw e;
        }
    }

    private static SafeTensors openShards(Path path, Path index) {
        Map<String, String> shardOf = readIndex(index);
        Map<String, Header> headers = new LinkedHashMap<>();
        for (String shard : shardOf.values()) {
            if (!headers.containsKey(shard)) {
                headers.put(shard, readHeader(shardPath(index, shard)));
            }
        }
        shardOf.forEach((name, shard) -> requireHeld(name, shard, headers, index));
        Map<String, MappedFile> mapped = new LinkedHashMap<>();
        try {
            headers.keySet().forEach(shard -> mapped.put(shard, MappedFile.open(shardPath(index, shard))));
            Map<String, Stored> tensors = new LinkedHashMap<>();
            shardOf.forEach((name, shard) -> {
                Declared declared = Names.find(Names.find(headers, shard, index).tensors(), name, index);
                tensors.put(name, new Stored(declared.entry(), Names.find(mapped, shard, index), declared.offset()));
            });
            Map<String, String> metadata = headers.values().stream()
                    .map(Header::metadata)
                    .filter(m -> !m.isEmpty())
                    .findFirst()
                    .orElse(Map.of());
            return new SafeTensors(path, List.copyOf(mapped.values()), Collections.unmodifiableMap(tensors), metadata);
        } catch (RuntimeException e) {
            mapped.values().forEach(MappedFile::close);
            throw e;
        }
    }

    private static void requireHeld(String name, String shard, Map<String, Header> headers, Path index) {
        if (!Names.find(headers, shard, index).tensors().containsKey(name)) {
            throw Problem.of("The index places a tensor in a shard that does not contain it.")
                    .fact("index", index.toAbsolutePath())
                    .fact("tensor", Excerpt.of(name))
                    .fact("shard", Excerpt.of(shard))
                    .toException();
        }
    }

    /** The path of a shard. Its name is untrusted: it may only name a file in the index's own folder. */
    private static Path shardPath(Path index, String shard) {
        try {
            Path folder = index.toAbsolutePath().normalize().resolveSibling("");
            Path resolved = folder.resolve(shard).normalize();
            if (!shard.isEmpty() && !Path.of(shard).isAbsolute() && folder.equals(resolved.getParent())) {
                return resolved;
            }
        } catch (InvalidPathException e) {
            // refused below
        }
        throw Problem.of("The index names a shard outside its folder.")
                .fact("index", index.toAbsolutePath())
                .fact("shard", Excerpt.of(shard))
                .fact("expected", "the name of a file next to the index")
                .toException();
    }

    private static Map<String, String> readIndex(Path index) {
        GitLfs.requireContent(index);
        try (FileChannel file = RegularFile.open(index)) {
            if (file.size() > MAX_HEADER) {
                throw FileProblems.of("The index is too large.", index)
                        .fact("expected", "at most " + MAX_HEADER + " bytes")
                        .fact("but was", file.size() + " bytes")
                        .toException();
            }
            try (JsonParser json = parser(file, 0, file.size())) {
                return new HeaderReader(index, json).index();
            }
        } catch (IOException e) {
            throw unreadable(index, e);
        }
    }

    // ---------------------------------------------------------------- header

    private static Header readHeader(Path path) {
        GitLfs.requireContent(path);
        try (FileChannel file = RegularFile.open(path)) {
            long size = file.size();
            ByteBuffer start = ByteBuffer.allocate(9).order(ByteOrder.LITTLE_ENDIAN);
            while (start.hasRemaining() && file.read(start, start.position()) >= 0) {}
            if (start.hasRemaining()) {
                throw FileProblems.of("The file is too short to be a safetensors file.", path)
                        .fact("file size", size)
                        .toException();
            }
            long length = start.getLong(0);
            if (length < 2 || length > MAX_HEADER || length > size - 8 || start.get(8) != '{') {
                throw FileProblems.of("This is not a safetensors file, or it is truncated.", path)
                        .fact(
                                "expected",
                                "a header of 2 to " + Math.min(MAX_HEADER, size - 8) + " bytes, starting with {")
                        .fact(
                                "but was",
                                "one of " + Long.toUnsignedString(length) + " bytes, starting with "
                                        + Excerpt.of(String.valueOf((char) (start.get(8) & 0xFF))))
                        .fact("file size", size)
                        .toException();
            }
            try (JsonParser json = parser(file, 8, length)) {
                return new HeaderReader(path, json).header(8 + length, size);
            }
        } catch (IOException e) {
            throw unreadable(path, e);
        }
    }

    private static JsonParser parser(FileChannel file, long from, long length) throws IOException {
        InputStream bytes = new Range(Channels.newInputStream(file.position(from)), length);
        return JSON.createParser(new InputStreamReader(
                bytes,
                StandardCharsets.UTF_8
                        .newDecoder()
                        .onMalformedInput(CodingErrorAction.REPORT)
                        .onUnmappableCharacter(CodingErrorAction.REPORT)));
    }

    private static PintleException unreadable(Path path, IOException e) {
        if (e instanceof JsonProcessingException json) {
            return FileProblems.of("The JSON of the file is malformed.", path)
                    .fact("cause", ForeignJson.why(json))
                    .fact(
                            "at character",
                            json.getLocation() == null
                                    ? "unknown"
                                    : json.getLocation().getCharOffset())
                    .toException(e);
        }
        if (e instanceof CharacterCodingException) {
            return FileProblems.of("The JSON of the file is not UTF-8.", path).toException(e);
        }
        return FileProblems.unreadable(path, e);
    }

    /** The first {@code left} bytes of a stream; closing it leaves the stream open. */
    private static final class Range extends InputStream {
        private final InputStream in;
        private long left;

        Range(InputStream in, long left) {
            this.in = in;
            this.left = left;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
        }

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
            if (left == 0) {
                return -1;
            }
            int count = in.read(into, offset, (int) Math.min(length, left));
            left -= Math.max(count, 0);
            return count;
        }
    }

    /** Reads a file's JSON token by token, so a large header does not need a tree. */
    private static final class HeaderReader {
        private final Path path;
        private final JsonParser json;

        HeaderReader(Path path, JsonParser json) {
            this.path = path;
            this.json = json;
        }

        /** {@code {"weight_map": {tensor: shard, …}, …}}; other keys are not needed. */
        Map<String, String> index() throws IOException {
            Map<String, String> shardOf = Map.of();
            boolean found = false;
            expect(JsonToken.START_OBJECT, "the index");
            while (json.nextToken() == JsonToken.FIELD_NAME) {
                if (json.currentName().equals("weight_map")) {
                    shardOf = strings("weight_map");
                    found = true;
                } else {
                    json.nextToken();
                    json.skipChildren();
                }
            }
            requireEnd();
            if (!found) {
                throw FileProblems.of("The index has no weight_map.", path).toException();
            }
            return shardOf;
        }

        Header header(long data, long fileSize) throws IOException {
            Map<String, Declared> tensors = new LinkedHashMap<>();
            Map<String, String> metadata = Map.of();
            expect(JsonToken.START_OBJECT, "the header");
            while (json.nextToken() == JsonToken.FIELD_NAME) {
                String name = json.currentName();
                if (name.equals(METADATA)) {
                    metadata = Collections.unmodifiableMap(strings(METADATA));
                } else if (tensors.size() < MAX_TENSORS) {
                    tensors.put(name, tensor(name, data, fileSize));
                } else {
                    throw FileProblems.of("The file declares too many tensors.", path)
                            .fact("expected", "at most " + MAX_TENSORS)
                            .toException();
                }
            }
            requireEnd();
            requireCovered(tensors.values(), data, fileSize);
            return new Header(tensors, metadata);
        }

        private Declared tensor(String name, long data, long fileSize) throws IOException {
            @Nullable DType dtype = null;
            long @Nullable [] sizes = null;
            long @Nullable [] offsets = null;
            expect(JsonToken.START_OBJECT, name);
            while (json.nextToken() == JsonToken.FIELD_NAME) {
                switch (json.currentName()) {
                    case "dtype" -> dtype = dtype(name);
                    case "shape" -> sizes = longs(name, "shape");
                    case "data_offsets" -> offsets = longs(name, "data_offsets");
                    default ->
                        throw about(name, "The header has an unknown key for a tensor.")
                                .fact("expected", "dtype, shape, data_offsets")
                                .fact("but was", Excerpt.of(json.currentName()))
                                .toException();
                }
            }
            if (dtype == null || sizes == null || offsets == null || offsets.length != 2) {
                throw about(name, "The header does not say where a tensor is stored.")
                        .fact("expected", "dtype, shape and two data_offsets")
                        .toException();
            }
            Shape shape = Layout.shape(sizes, dtype, () -> about(name, "The header gives a tensor an invalid shape."));
            long begin = offsets[0];
            long end = offsets[1];
            if (begin < 0 || end < begin || end > fileSize - data) {
                throw about(name, "A tensor extends beyond its file.")
                        .fact("data_offsets", Arrays.toString(offsets))
                        .fact("data size", fileSize - data)
                        .toException();
            }
            if (end - begin != Layout.bytes(shape, dtype)) {
                throw about(name, "A tensor's size in bytes does not match its shape.")
                        .fact("expected", Layout.bytes(shape, dtype) + " bytes for " + shape + " " + dtype)
                        .fact("but was", (end - begin) + " bytes")
                        .toException();
            }
            return new Declared(new TensorEntry(name, dtype, shape), data + begin, data + end);
        }

        private DType dtype(String name) throws IOException {
            expect(JsonToken.VALUE_STRING, name);
            return switch (json.getText()) {
                case "F64" -> DType.FP64;
                case "F32" -> DType.FP32;
                case "F16" -> DType.FP16;
                case "BF16" -> DType.BF16;
                case "F8_E4M3" -> DType.FP8_E4M3;
                case "I64" -> DType.INT64;
                case "I32" -> DType.INT32;
                case "I16" -> DType.INT16;
                case "I8" -> DType.INT8;
                case "U8" -> DType.UINT8;
                case "BOOL" -> DType.BOOL;
                default ->
                    throw about(name, "A tensor has an unsupported dtype.")
                            .fact("expected", "F64, F32, F16, BF16, F8_E4M3, I64, I32, I16, I8, U8 or BOOL")
                            .fact("but was", Excerpt.of(json.getText()))
                            .toException();
            };
        }

        private long[] longs(String name, String key) throws IOException {
            expect(JsonToken.START_ARRAY, name);
            long[] values = new long[4];
            int count = 0;
            while (json.nextToken() == JsonToken.VALUE_NUMBER_INT) {
                if (count > Layout.MAX_RANK) {
                    break;
                }
                values = count == values.length ? Arrays.copyOf(values, 2 * count) : values;
                values[count++] = json.getLongValue();
            }
            if (json.currentToken() != JsonToken.END_ARRAY) {
                throw about(name, "The header is malformed.")
                        .fact("expected", "at most " + Layout.MAX_RANK + " whole numbers in " + key)
                        .fact("but was", found())
                        .toException();
            }
            return Arrays.copyOf(values, count);
        }

        private Map<String, String> strings(String what) throws IOException {
            Map<String, String> strings = new LinkedHashMap<>();
            expect(JsonToken.START_OBJECT, what);
            while (json.nextToken() == JsonToken.FIELD_NAME) {
                String key = json.currentName();
                expect(JsonToken.VALUE_STRING, what);
                strings.put(key, json.getText());
            }
            return strings;
        }

        private void expect(JsonToken token, String where) throws IOException {
            if (json.nextToken() != token) {
                throw FileProblems.of("The JSON of the file is malformed.", path)
                        .fact("in", Excerpt.of(where))
                        .fact("expected", words(token))
                        .fact("but was", found())
                        .toException();
            }
        }

        private void requireEnd() throws IOException {
            if (json.nextToken() != null) {
                throw FileProblems.of("The JSON of the file is malformed.", path)
                        .fact("expected", "nothing after its end")
                        .fact("but was", found())
                        .toException();
            }
        }

        private String found() throws IOException {
            JsonToken token = json.currentToken();
            if (token == null) {
                return "the end";
            }
            return token.isScalarValue() ? Excerpt.of(json.getText()) : words(token);
        }

        private static String words(JsonToken token) {
            return switch (token) {
                case START_OBJECT -> "an object";
                case START_ARRAY -> "a list";
                case VALUE_STRING -> "a string";
                default -> token.asString() == null ? token.name() : token.asString();
            };
        }

        private Problem about(String name, String sentence) {
            return FileProblems.of(sentence, path).fact("tensor", Excerpt.of(name));
        }

        /** As in the reference implementation: in order of offset, each tensor starts where the previous one ends. */
        private void requireCovered(Iterable<Declared> tensors, long data, long fileSize) {
            List<Declared> ordered = new ArrayList<>();
            tensors.forEach(ordered::add);
            ordered.sort(Comparator.comparingLong(Declared::offset).thenComparingLong(Declared::end));
            long at = data;
            for (Declared tensor : ordered) {
                if (tensor.offset() != at) {
                    throw about(
                                    tensor.entry().name(),
                                    tensor.offset() < at
                                            ? "A tensor overlaps another."
                                            : "There are bytes before a tensor that do not belong to any tensor.")
                            .fact("expected", "begin at data offset " + (at - data))
                            .fact("but was", tensor.offset() - data)
                            .toException();
                }
                at = tensor.end();
            }
            if (at != fileSize) {
                throw FileProblems.of("There are bytes after the last tensor that do not belong to any tensor.", path)
                        .fact("expected", "a file of " + at + " bytes")
                        .fact("but was", fileSize + " bytes")
                        .toException();
            }
        }
    }

    // ---------------------------------------------------------------- writing

    /**
     * Writes a single file. The same tensors and metadata always give the same bytes, whatever their order: wider
     * elements first, then by name, which also aligns every tensor to its element size. The write is atomic.
     *
     * @param path the file to create or replace; missing folders are created
     * @param tensors by name, on any device, in any memory layout
     * @param metadata for the file's {@code __metadata__}
     * @throws PintleException if the file cannot be written
     */
    public static void write(Path path, Map<String, Tensor> tensors, Map<String, String> metadata) {
        if (tensors.containsKey(METADATA)) {
            throw Problem.of("A tensor cannot have the name of the format's metadata.")
                    .fact("tensor", METADATA)
                    .toIllegalArgument();
        }
        List<Map.Entry<String, Tensor>> ordered = new ArrayList<>(tensors.entrySet());
        ordered.sort(Comparator.<Map.Entry<String, Tensor>>comparingInt(
                        e -> -e.getValue().dtype().bytes())
                .thenComparing(Map.Entry::getKey));
        AtomicFile.write(path, file -> {
            byte[] header = headerBytes(ordered, metadata);
            if (header.length > MAX_HEADER) {
                throw Problem.of("The names and metadata are too long for a safetensors file.")
                        .fact("expected", "at most " + MAX_HEADER + " bytes")
                        .fact("but was", header.length + " bytes")
                        .toException();
            }
            ByteBuffer start = ByteBuffer.allocate(8 + header.length).order(ByteOrder.LITTLE_ENDIAN);
            AtomicFile.writeFully(file, start.putLong(header.length).put(header).flip());
            for (Map.Entry<String, Tensor> named : ordered) {
                TensorBytes.stream(named.getValue(), piece -> AtomicFile.writeFully(file, ByteBuffer.wrap(piece)));
            }
        });
    }

    /** The JSON, padded with spaces so that the tensors start at a multiple of 8. */
    private static byte[] headerBytes(List<Map.Entry<String, Tensor>> ordered, Map<String, String> metadata)
            throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (JsonGenerator json = JSON.createGenerator(bytes)) {
            json.writeStartObject();
            if (!metadata.isEmpty()) {
                json.writeObjectFieldStart(METADATA);
                for (Map.Entry<String, String> e : new TreeMap<>(metadata).entrySet()) {
                    json.writeStringField(e.getKey(), e.getValue());
                }
                json.writeEndObject();
            }
            long at = 0;
            for (Map.Entry<String, Tensor> named : ordered) {
                Tensor tensor = named.getValue();
                json.writeObjectFieldStart(named.getKey());
                json.writeStringField("dtype", dtypeName(tensor.dtype()));
                json.writeFieldName("shape");
                long[] sizes = tensor.shape().toArray();
                json.writeArray(sizes, 0, sizes.length);
                json.writeFieldName("data_offsets");
                json.writeArray(new long[] {at, at + TensorBytes.size(tensor)}, 0, 2);
                json.writeEndObject();
                at += TensorBytes.size(tensor);
            }
            json.writeEndObject();
        }
        while (bytes.size() % 8 != 0) {
            bytes.write(' ');
        }
        return bytes.toByteArray();
    }

    private static String dtypeName(DType dtype) {
        return switch (dtype) {
            case FP64 -> "F64";
            case FP32 -> "F32";
            case FP16 -> "F16";
            case BF16 -> "BF16";
            case FP8_E4M3 -> "F8_E4M3";
            case INT64 -> "I64";
            case INT32 -> "I32";
            case INT16 -> "I16";
            case INT8 -> "I8";
            case UINT8 -> "U8";
            case BOOL -> "BOOL";
        };
    }
}
