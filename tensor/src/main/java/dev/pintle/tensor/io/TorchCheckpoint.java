package dev.pintle.tensor.io;

import dev.pintle.base.AtomicFile;
import dev.pintle.base.Excerpt;
import dev.pintle.base.FileProblems;
import dev.pintle.base.GitLfs;
import dev.pintle.base.PintleException;
import dev.pintle.base.RegularFile;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.MappedFile;
import dev.pintle.tensor.Shape;
import dev.pintle.tensor.Tensor;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Checkpoints written by {@code torch.save} ({@code .pth}, {@code .pt}, {@code .bin}): a ZIP file with a pickle and the
 * raw storages that its tensors are views of.
 *
 * <p>Nothing in the file is executed: the pickle is read by an unpickler that knows tensors and plain values, and
 * refuses everything else by name. A tensor is the view that was saved, with its offset, size and strides; two tensors
 * may share a storage.
 *
 * <p>{@link #root} is what was saved, as plain values. {@link #names} are the paths of the tensors in it, joined by
 * dots: {@code state_dict.encoder.weight}; list items count from 0; a file that contains a bare tensor has the single
 * name {@value #BARE}.
 *
 * @see <a href="https://pytorch.org/docs/stable/notes/serialization.html">the format</a>
 */
public final class TorchCheckpoint implements Checkpoint {
    /** The name of the tensor in a file that contains nothing else. */
    public static final String BARE = "tensor";

    private static final long MAX_PICKLE = 64 << 20;
    private static final int MAX_VISITS = 2_000_000;
    private static final int MAX_NAME = 4_096;
    private static final long MAX_NAMES = 64 << 20;

    private final Path path;
    private final MappedFile file;
    private final Map<String, Long> storages;
    private final @Nullable Object root;
    private final Map<String, TensorRef> tensors;
    private final Map<String, String> metadata;

    private TorchCheckpoint(
            Path path,
            MappedFile file,
            Map<String, Long> storages,
            @Nullable Object root,
            Map<String, TensorRef> tensors,
            Map<String, String> metadata) {
        this.path = path;
        this.file = file;
        this.storages = storages;
        this.root = root;
        this.tensors = tensors;
        this.metadata = metadata;
    }

    /**
     * A tensor in {@link #root}: a view of a storage.
     *
     * @param storage key of the storage in the file
     * @param offset first element, in elements of the storage
     * @param strides distance between neighbours along each axis, in elements
     */
    public record TensorRef(String storage, DType dtype, Shape shape, long offset, List<Long> strides) {
        private long[] strideArray() {
            return strides.stream().mapToLong(Long::longValue).toArray();
        }
    }

    /**
     * Opens a checkpoint. The cost depends on the pickle, not on the size of the tensors.
     *
     * @throws PintleException if the file is not one, is damaged, or contains anything but tensors and plain values
     */
    public static TorchCheckpoint open(Path path) {
        GitLfs.requireContent(path);
        try (FileChannel channel = RegularFile.open(path)) {
            if (!ZipDirectory.looksLikeZip(channel)) {
                throw notZip(path);
            }
            return read(ZipDirectory.read(channel, path), path);
        } catch (IOException e) {
            throw FileProblems.unreadable(path, e);
        }
    }

    private static PintleException notZip(Path path) {
        return FileProblems.of("This is not a PyTorch file, or it has the format from before PyTorch 1.6.", path)
                .fact("expected", "a ZIP file, as torch.save has written since 1.6")
                .fact("try", "torch.save(torch.load(old, weights_only=True), new) with a newer PyTorch")
                .toException();
    }

    private static TorchCheckpoint read(ZipDirectory zip, Path path) throws IOException {
        String folder = folder(zip, path);
        Map<String, String> metadata = new LinkedHashMap<>();
        for (String key : List.of("version", "byteorder")) {
            ZipDirectory.Entry entry = zip.find(folder + key);
            if (entry != null) {
                metadata.put(key, Excerpt.of(new String(zip.read(entry, 64), StandardCharsets.US_ASCII).strip()));
            }
        }
        if (!metadata.getOrDefault("byteorder", "little").equals("little")) {
            throw FileProblems.of("The file was written on a machine with the other byte order.", path)
                    .fact("expected", "byteorder little")
                    .fact("but was", "byteorder " + metadata.get("byteorder"))
                    .toException();
        }
        byte[] pickle = zip.read(Names.find(zip.entries(), folder + "data.pkl", path), MAX_PICKLE);
        Map<String, Long> storages = new HashMap<>();
        Object root = new Unpickler(pickle, path, (key, dtype, elements) -> {
                    ZipDirectory.Entry entry = requireStorage(zip, folder, key, dtype, elements, path);
                    if (!storages.containsKey(key)) {
                        storages.put(key, zip.dataOffset(entry));
                    }
                })
                .load();
        Map<String, TensorRef> tensors = new Flattener(path).flatten(root);
        return new TorchCheckpoint(
                path,
                MappedFile.open(path),
                storages,
                root,
                Collections.unmodifiableMap(tensors),
                Collections.unmodifiableMap(metadata));
    }

    /** The folder with {@code data.pkl}: the stem of the name under which the file was saved. */
    private static String folder(ZipDirectory zip, Path path) {
        List<String> pickles = zip.entries().keySet().stream()
                .filter(name -> name.indexOf('/') > 0
                        && name.substring(name.indexOf('/')).equals("/data.pkl"))
                .toList();
        if (pickles.size() != 1) {
            throw FileProblems.of("This ZIP file is not a PyTorch file.", path)
                    .fact("expected", "one entry <name>/data.pkl")
                    .fact("but was", pickles.size() + " of them")
                    .toException();
        }
        String pickle = pickles.get(0);
        return pickle.substring(0, pickle.length() - "data.pkl".length());
    }

    private static ZipDirectory.Entry requireStorage(
            ZipDirectory zip, String folder, String key, DType dtype, long elements, Path path) {
        ZipDirectory.Entry entry = zip.find(folder + "data/" + key);
        if (entry == null) {
            throw FileProblems.of("The file lacks a storage that its pickle refers to.", path)
                    .fact("expected", "entry " + Excerpt.of(folder + "data/" + key))
                    .toException();
        }
        if (!entry.isStored()) {
            throw zip.about(entry, "A storage is compressed, which PyTorch never does.")
                    .fact("expected", "a stored entry")
                    .toException();
        }
        if (elements < 0 || elements > Long.MAX_VALUE / dtype.bytes() || elements * dtype.bytes() != entry.size()) {
            throw zip.about(entry, "A storage does not have the size given in the pickle.")
                    .fact("expected", elements + " elements of " + dtype)
                    .fact("but was", entry.size() + " bytes")
                    .toException();
        }
        return entry;
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
        TensorRef ref = Names.find(tensors, name, path);
        return new TensorEntry(name, ref.dtype(), ref.shape());
    }

    /** Strides are kept as saved: a transposed weight is returned as a transposed view. */
    @Override
    public Tensor tensor(String name) {
        return tensor(Names.find(tensors, name, path));
    }

    /** A tensor found in {@link #root}. @see #tensor(String) */
    public Tensor tensor(TensorRef ref) {
        Shape shape = ref.shape();
        if (shape.elements() == 0) {
            return Tensor.empty(ref.dtype(), Device.CPU, shape.toArray());
        }
        int width = ref.dtype().bytes();
        long start = Names.find(storages, ref.storage(), path) + ref.offset() * width;
        long[] strides = ref.strideArray();
        if (Layout.isRowMajor(shape, strides)) {
            return file.tensor(start, ref.dtype(), shape);
        }
        Tensor touched = file.tensor(start, ref.dtype(), Shape.of(Layout.span(shape, strides))); // [span]
        // libtorch counts a view's offset from the start of the underlying memory: the whole file if it is mapped, or
        // the copy if the file does not align it.
        return touched.strided(shape.toArray(), strides, start % width == 0 ? start / width : 0);
    }

    /**
     * What was saved, as plain values: {@code null}, Boolean, Long, Double, String, {@link TensorRef}, and unmodifiable
     * Lists (from lists, tuples and sizes) and Maps (from dictionaries and from the fields of a steering_vectors {@code
     * SteeringVector}). Map keys are plain values that are not containers. A device is represented by its name.
     * Attributes of an OrderedDict, such as a state dict's {@code _metadata}, are left out.
     */
    public @Nullable Object root() {
        return root;
    }

    /** {@code version} and {@code byteorder} as stored in the file. */
    @Override
    public Map<String, String> metadata() {
        return metadata;
    }

    @Override
    public void close() {
        file.close();
    }

    /** Names the tensors of a tree by their paths. */
    private static final class Flattener {
        private final Path path;
        private final Map<String, TensorRef> tensors = new LinkedHashMap<>();
        private final StringBuilder name = new StringBuilder();
        private int visits;
        private long characters;

        Flattener(Path path) {
            this.path = path;
        }

        Map<String, TensorRef> flatten(@Nullable Object root) {
            if (root instanceof TensorRef bare) {
                return Map.of(BARE, bare);
            }
            visit(root, 0);
            return tensors;
        }

        private void visit(@Nullable Object value, int depth) {
            visits++;
            if (visits > MAX_VISITS || depth > Unpickler.MAX_DEPTH) {
                throw FileProblems.of("The file expands to more than is allowed.", path)
                        .fact("expected", "at most " + Unpickler.MAX_DEPTH + " levels and " + MAX_VISITS + " values")
                        .toException();
            }
            if (value instanceof Map<?, ?> dict) {
                for (Map.Entry<?, ?> e : dict.entrySet()) {
                    child(e.getKey() == null ? "None" : String.valueOf(e.getKey()), e.getValue(), depth);
                }
            } else if (value instanceof List<?> list) {
                for (int i = 0; i < list.size(); i++) {
                    child(String.valueOf(i), list.get(i), depth);
                }
            } else if (value instanceof TensorRef ref) {
                add(ref);
            }
        }

        private void child(String key, @Nullable Object value, int depth) {
            if (!(value instanceof Map) && !(value instanceof List) && !(value instanceof TensorRef)) {
                visits++;
                return;
            }
            int length = name.length();
            if (key.length() > MAX_NAME - length) {
                throw FileProblems.of("The name of a tensor is too long.", path)
                        .fact("expected", "at most " + MAX_NAME + " characters")
                        .fact("but was", Excerpt.of(name + "." + key))
                        .toException();
            }
            name.append(depth == 0 ? "" : ".").append(key);
            visit(value, depth + 1);
            name.setLength(length);
        }

        private void add(TensorRef ref) {
            characters += name.length();
            if (characters > MAX_NAMES) {
                throw FileProblems.of("The names of the tensors are too long.", path)
                        .fact("expected", "at most " + MAX_NAMES + " characters together")
                        .toException();
            }
            if (tensors.put(name.toString(), ref) != null) {
                throw FileProblems.of("Two tensors in the file have the same name.", path)
                        .fact("name", Excerpt.of(name.toString()))
                        .toException();
            }
        }
    }

    // ---------------------------------------------------------------- writing

    /**
     * Writes a file that {@code torch.load(path, weights_only=True)} can read. The write is atomic.
     *
     * @param path the file to create or replace; missing folders are created
     * @param tree a {@link Tensor}, String, Boolean, Integer, Long, Float, Double, {@code null}, or a List or Map of
     *     these, with String, Integer or Long keys; a tensor is stored row-major, and only once if it occurs repeatedly
     * @throws IllegalArgumentException naming the class of any other value
     * @throws PintleException if the file cannot be written
     */
    public static void write(Path path, @Nullable Object tree) {
        Pickler pickler = new Pickler();
        byte[] pickle = pickler.pickle(tree);
        AtomicFile.write(path, file -> {
            ZipWriter zip = new ZipWriter(file);
            zip.entry("archive/data.pkl", pickle);
            zip.entry("archive/byteorder", "little".getBytes(StandardCharsets.US_ASCII));
            List<Tensor> tensors = pickler.tensors();
            for (int key = 0; key < tensors.size(); key++) {
                Tensor tensor = tensors.get(key);
                zip.entry("archive/data/" + key, TensorBytes.size(tensor), sink -> TensorBytes.stream(tensor, sink));
            }
            zip.entry("archive/version", "3\n".getBytes(StandardCharsets.US_ASCII));
            zip.finish();
        });
    }
}
