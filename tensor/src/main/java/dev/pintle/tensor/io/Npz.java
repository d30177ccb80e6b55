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
import dev.pintle.tensor.TensorScope;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.zip.CRC32;

/**
 * Several named arrays in a file, as written by {@code numpy.savez} and {@code numpy.savez_compressed} ({@code .npz}):
 * a ZIP file of {@code .npy} entries. Stored entries are mapped; compressed ones are inflated into native memory when
 * read, up to 4 GiB each.
 */
public final class Npz implements Checkpoint {
    private static final String SUFFIX = ".npy";
    private static final long MAX_INFLATED = 4L << 30;
    /** Deflate encodes at most 258 bytes in 2 bits. */
    private static final long MAX_RATIO = 1032;

    private final Path path;
    private final FileChannel channel;
    private final ZipDirectory zip;
    private final MappedFile file;
    private final Map<String, Array> arrays;

    private Npz(Path path, FileChannel channel, ZipDirectory zip, MappedFile file, Map<String, Array> arrays) {
        this.path = path;
        this.channel = channel;
        this.zip = zip;
        this.file = file;
        this.arrays = arrays;
    }

    /**
     * @param offset file offset of the entry's first byte
     */
    private record Array(ZipDirectory.Entry entry, long offset, NpyHeader header) {}

    /**
     * Opens a file of arrays. The cost depends on the number of arrays, not on their size.
     *
     * @throws PintleException if the file is not a ZIP file of arrays with supported dtypes
     */
    public static Npz open(Path path) {
        GitLfs.requireContent(path);
        FileChannel channel = null;
        boolean opened = false;
        try {
            channel = RegularFile.open(path);
            ZipDirectory zip = ZipDirectory.read(channel, path);
            Map<String, Array> arrays = new LinkedHashMap<>();
            for (ZipDirectory.Entry entry : zip.entries().values()) {
                String name = entry.name();
                if (!name.endsWith(SUFFIX)) {
                    throw zip.about(entry, "An entry of the file is not an array.")
                            .fact("expected", "entries whose names end in " + SUFFIX)
                            .toException();
                }
                arrays.put(name.substring(0, name.length() - SUFFIX.length()), array(zip, entry, channel, path));
            }
            Npz npz = new Npz(path, channel, zip, MappedFile.open(path), Collections.unmodifiableMap(arrays));
            opened = true;
            return npz;
        } catch (IOException e) {
            throw FileProblems.unreadable(path, e);
        } finally {
            if (channel != null && !opened) {
                closeQuietly(channel);
            }
        }
    }

    private static Array array(ZipDirectory zip, ZipDirectory.Entry entry, FileChannel channel, Path path)
            throws IOException {
        long offset = zip.dataOffset(entry);
        String what = "header of " + Excerpt.of(entry.name());
        NpyHeader header = NpyHeader.read(
                entry.isStored()
                        ? Cursor.over(channel, offset, offset + entry.size(), path, what)
                        : Cursor.over(zip.inflateStart(entry, NpyHeader.MAX + 12), path, what));
        if (header.bytes() != entry.size() - header.data()) {
            throw zip.about(entry, "An entry does not have the size of its array.")
                    .fact("expected", header.bytes() + " bytes for " + header.shape() + " " + header.dtype())
                    .fact("but was", (entry.size() - header.data()) + " bytes")
                    .toException();
        }
        if (!entry.isStored() && (entry.size() > MAX_INFLATED || entry.size() / MAX_RATIO > entry.packed())) {
            throw zip.about(entry, "A compressed array is too large.")
                    .fact("expected", "at most " + MAX_INFLATED + " bytes, and " + MAX_RATIO + " for each byte packed")
                    .fact("but was", entry.size() + " bytes from " + entry.packed())
                    .fact("try", "numpy.savez, which does not compress")
                    .toException();
        }
        return new Array(entry, offset, header);
    }

    @Override
    public Path path() {
        return path;
    }

    @Override
    public Set<String> names() {
        return arrays.keySet();
    }

    @Override
    public TensorEntry entry(String name) {
        NpyHeader header = Names.find(arrays, name, path).header();
        return new TensorEntry(name, header.dtype(), header.shape());
    }

    /** Each call inflates a compressed array again. A Fortran-order array is returned with its axes reversed. */
    @Override
    public Tensor tensor(String name) {
        Array array = Names.find(arrays, name, path);
        NpyHeader header = array.header();
        try (TensorScope scope = TensorScope.open("read an array")) {
            Tensor stored = array.entry().isStored()
                    ? file.tensor(array.offset() + header.data(), header.dtype(), Shape.of(header.storedSizes()))
                    : inflated(array.entry(), header);
            return scope.keep(header.arranged(stored));
        } catch (IOException e) {
            throw FileProblems.unreadable(path, e);
        }
    }

    private Tensor inflated(ZipDirectory.Entry entry, NpyHeader header) throws IOException {
        Tensor bytes = Tensor.empty(DType.UINT8, Device.CPU, header.bytes());
        CRC32 crc = new CRC32();
        long[] at = {-header.data()};
        zip.inflate(entry, (piece, count) -> {
            crc.update(piece, 0, count);
            int skipped = (int) Math.min(Math.max(-at[0], 0), count);
            if (count > skipped) {
                byte[] part = java.util.Arrays.copyOfRange(piece, skipped, count);
                try (TensorScope scope = TensorScope.open("inflate")) {
                    bytes.narrow(0, at[0] + skipped, part.length)
                            .copyFrom(Tensor.ofBytes(part, DType.UINT8, part.length));
                }
            }
            at[0] += count;
        });
        if (crc.getValue() != entry.crc()) {
            throw zip.about(entry, "A compressed entry of the ZIP file is damaged.")
                    .fact("expected", "checksum " + Long.toHexString(entry.crc()))
                    .fact("but was", Long.toHexString(crc.getValue()))
                    .toException();
        }
        return header.bytes() == 0
                ? Tensor.empty(header.dtype(), Device.CPU, header.storedSizes())
                : bytes.viewAs(header.dtype()).reshape(header.storedSizes());
    }

    /** Empty: the format has no metadata. */
    @Override
    public Map<String, String> metadata() {
        return Map.of();
    }

    @Override
    public void close() {
        file.close();
        closeQuietly(channel);
    }

    private static void closeQuietly(FileChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            // Nothing was written through it.
        }
    }

    /**
     * Writes arrays uncompressed, row-major, ordered by name, with elements at multiples of 64 bytes. The write is
     * atomic.
     *
     * @param path the file to create or replace; missing folders are created
     * @throws IllegalArgumentException for bf16, which NumPy lacks
     * @throws PintleException if the file cannot be written
     */
    public static void write(Path path, Map<String, Tensor> arrays) {
        Map<String, Tensor> ordered = new TreeMap<>(arrays);
        List<byte[]> headers = new ArrayList<>();
        ordered.values().forEach(tensor -> headers.add(NpyHeader.write(tensor)));
        AtomicFile.write(path, file -> {
            ZipWriter zip = new ZipWriter(file);
            int i = 0;
            for (Map.Entry<String, Tensor> named : ordered.entrySet()) {
                byte[] header = headers.get(i++);
                zip.entry(named.getKey() + SUFFIX, header.length + TensorBytes.size(named.getValue()), sink -> {
                    sink.accept(header);
                    TensorBytes.stream(named.getValue(), sink);
                });
            }
            zip.finish();
        });
    }
}
