package dev.pintle.tensor.io;

import dev.pintle.base.Excerpt;
import dev.pintle.base.FileProblems;
import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.jspecify.annotations.Nullable;

/*
 * java.util.zip reads entries but does not say where their bytes are in the file, which memory mapping needs.
 *
 * A ZIP file is read from its end: a 22-byte record locates the central directory, whose records give name, method,
 * sizes and the position of each entry's local header; the entry's bytes follow that header, which may be padded by an
 * extra field of its own. Counts and offsets too large for their field (65,535 and 2^32 - 1) are stored in a second,
 * "ZIP64" end record and in an extra field of the entry. See PKWARE's APPNOTE.TXT 6.3.10, 4.3 and 4.5.3.
 *
 * Requirements beyond the format: the directory ends where the end record starts, names are unique, and no two entries
 * overlap, so different readers cannot see different contents.
 */
/** The entries of a ZIP file and where their bytes are. */
final class ZipDirectory {
    private static final int LOCAL = 0x04034b50;
    private static final int CENTRAL = 0x02014b50;
    private static final int END = 0x06054b50;
    private static final int END_64 = 0x06064b50;
    private static final int LOCATOR_64 = 0x07064b50;
    private static final int LOCAL_SIZE = 30;
    private static final int CENTRAL_SIZE = 46;
    private static final int END_SIZE = 22;
    private static final int END_64_SIZE = 56;
    private static final int LOCATOR_64_SIZE = 20;
    private static final int MAX_COMMENT = 0xFFFF;
    private static final long MAX_32 = 0xFFFF_FFFFL;
    private static final int MAX_DIRECTORY = 64 << 20;
    private static final int STORED = 0;
    private static final int DEFLATED = 8;

    private final Path path;
    private final FileChannel file;
    private final Map<String, Entry> entries;

    private ZipDirectory(Path path, FileChannel file, Map<String, Entry> entries) {
        this.path = path;
        this.file = file;
        this.entries = entries;
    }

    /**
     * @param method 0 stored, 8 deflated
     * @param packed size in the file
     * @param size uncompressed size
     * @param header offset of the local header
     * @param end offset that the entry's bytes do not exceed
     */
    record Entry(String name, int method, long packed, long size, long crc, long header, long end) {
        boolean isStored() {
            return method == STORED;
        }
    }

    /** Whether a file starts like a ZIP file with an entry. */
    static boolean looksLikeZip(FileChannel file) throws IOException {
        ByteBuffer start = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN);
        while (start.hasRemaining() && file.read(start, start.position()) >= 0) {}
        return !start.hasRemaining() && start.getInt(0) == LOCAL;
    }

    /**
     * Reads the directory. The channel must stay open while entries are read.
     *
     * @throws PintleException if the file is not a consistent ZIP file
     */
    static ZipDirectory read(FileChannel file, Path path) throws IOException {
        return new Reader(file, path).read();
    }

    /** All entries by name, in directory order. */
    Map<String, Entry> entries() {
        return entries;
    }

    @Nullable
    Entry find(String name) {
        return entries.get(name);
    }

    /** File offset of an entry's first byte. */
    long dataOffset(Entry entry) throws IOException {
        ByteBuffer local = bytes(file, path, entry.header(), LOCAL_SIZE);
        int nameLength = local.getShort(26) & 0xFFFF;
        int extraLength = local.getShort(28) & 0xFFFF;
        long data = entry.header() + LOCAL_SIZE + nameLength + extraLength;
        if (local.getInt(0) != LOCAL
                || (local.getShort(8) & 0xFFFF) != entry.method()
                || data > entry.end() - entry.packed()) {
            throw about(entry, "An entry of the ZIP file is not where the directory says.")
                    .fact("expected", "a header and " + entry.packed() + " bytes from byte " + entry.header())
                    .fact("entry must end by", entry.end())
                    .toException();
        }
        byte[] name = new byte[nameLength];
        bytes(file, path, entry.header() + LOCAL_SIZE, nameLength).get(name);
        if (!text(name).equals(entry.name())) {
            throw about(entry, "An entry of the ZIP file has two names.")
                    .fact("second name", Excerpt.of(text(name)))
                    .toException();
        }
        return data;
    }

    /**
     * The bytes of a small entry, inflated if necessary.
     *
     * @param limit maximum uncompressed size
     */
    byte[] read(Entry entry, long limit) throws IOException {
        if (entry.size() > limit) {
            throw about(entry, "An entry of the ZIP file is too large.")
                    .fact("expected", "at most " + limit + " bytes")
                    .fact("but was", entry.size() + " bytes")
                    .toException();
        }
        if (entry.isStored()) {
            return bytes(file, path, dataOffset(entry), (int) entry.size()).array();
        }
        byte[] bytes = new byte[(int) entry.size()];
        int[] at = {0};
        inflate(entry, (piece, count) -> {
            System.arraycopy(piece, 0, bytes, at[0], count);
            at[0] += count;
        });
        return bytes;
    }

    /** Receives the first {@code count} bytes of {@code piece}. */
    interface Sink {
        void accept(byte[] piece, int count) throws IOException;
    }

    /** Passes on exactly {@code entry.size()} bytes, or fails. */
    void inflate(Entry entry, Sink sink) throws IOException {
        long from = dataOffset(entry);
        long left = entry.packed();
        long produced = 0;
        byte[] out = new byte[64 << 10];
        Inflater inflater = new Inflater(true);
        try {
            while (!inflater.finished()) {
                if (inflater.needsInput()) {
                    if (left == 0) {
                        throw badData(entry, "it ends early", null);
                    }
                    ByteBuffer in = bytes(file, path, from, (int) Math.min(left, out.length));
                    from += in.limit();
                    left -= in.limit();
                    inflater.setInput(in);
                }
                int count = inflater.inflate(out);
                produced += count;
                if (produced > entry.size() || (count == 0 && inflater.needsDictionary())) {
                    throw badData(entry, "it is longer than its declared size", null);
                }
                sink.accept(out, count);
            }
        } catch (DataFormatException e) {
            throw badData(entry, String.valueOf(e.getMessage()), e);
        } finally {
            inflater.end();
        }
        if (produced != entry.size()) {
            throw badData(entry, "it holds " + produced + " bytes", null);
        }
    }

    /** Up to {@code most} bytes from the start of a compressed entry. */
    byte[] inflateStart(Entry entry, int most) throws IOException {
        ByteBuffer in = bytes(file, path, dataOffset(entry), (int) Math.min(entry.packed(), 2L * most));
        byte[] out = new byte[(int) Math.min(most, entry.size())];
        Inflater inflater = new Inflater(true);
        try {
            inflater.setInput(in);
            int count = 0;
            int more;
            do {
                more = inflater.inflate(out, count, out.length - count);
                count += more;
            } while (more > 0);
            return java.util.Arrays.copyOf(out, count);
        } catch (DataFormatException e) {
            throw badData(entry, String.valueOf(e.getMessage()), e);
        } finally {
            inflater.end();
        }
    }

    private PintleException badData(Entry entry, String why, @Nullable Exception cause) {
        Problem problem = about(entry, "A compressed entry of the ZIP file is damaged.")
                .fact("expected", entry.size() + " bytes")
                .fact("cause", why);
        return cause == null ? problem.toException() : problem.toException(cause);
    }

    /** Starts an error about an entry. */
    Problem about(Entry entry, String sentence) {
        return FileProblems.of(sentence, path).fact("entry", Excerpt.of(entry.name()));
    }

    private static ByteBuffer bytes(FileChannel file, Path path, long from, int count) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(count).order(ByteOrder.LITTLE_ENDIAN);
        while (bytes.hasRemaining()) {
            if (from < 0 || file.read(bytes, from + bytes.position()) < 0) {
                throw FileProblems.of("The ZIP file ends early.", path)
                        .fact("expected", count + " bytes from byte " + from)
                        .fact("file size", file.size())
                        .toException();
            }
        }
        return bytes.flip();
    }

    // PyTorch and NumPy write ASCII or UTF-8; an entry whose name is neither cannot be requested.
    private static String text(byte[] name) {
        return new String(name, java.nio.charset.StandardCharsets.UTF_8);
    }

    /** Reads and validates one directory. */
    private static final class Reader {
        private final FileChannel file;
        private final Path path;
        private final long fileSize;

        Reader(FileChannel file, Path path) throws IOException {
            this.file = file;
            this.path = path;
            this.fileSize = file.size();
        }

        /**
         * @param end where the first of the end records starts
         */
        private record Place(long offset, long size, long count, long end) {
            @Override
            public String toString() {
                return Long.toUnsignedString(count) + " entries in " + Long.toUnsignedString(size) + " bytes from byte "
                        + Long.toUnsignedString(offset);
            }
        }

        ZipDirectory read() throws IOException {
            Place place = place();
            if (place.offset() < 0
                    || place.size() < 0
                    || place.count() < 0
                    || place.size() > MAX_DIRECTORY
                    || place.count() > place.size() / CENTRAL_SIZE
                    || place.offset() != place.end() - place.size()) {
                throw FileProblems.of("The directory of the ZIP file is not where the file says.", path)
                        .fact("expected", "at most " + MAX_DIRECTORY + " bytes that end at byte " + place.end())
                        .fact("but was", place)
                        .toException();
            }
            byte[] bytes = new byte[(int) place.size()];
            bytes(file, path, place.offset(), bytes.length).get(bytes);
            Cursor in = Cursor.over(bytes, path, "ZIP directory");
            List<Entry> entries = new ArrayList<>();
            for (long i = 0; i < place.count(); i++) {
                entries.add(entry(in));
            }
            if (in.remaining() != 0) {
                throw in.malformed("the end after " + place.count() + " entries", in.remaining() + " bytes more");
            }
            return new ZipDirectory(path, file, byName(entries, place.offset()));
        }

        private Place place() throws IOException {
            long from = Math.max(0, fileSize - END_SIZE - MAX_COMMENT);
            ByteBuffer tail = bytes(file, path, from, (int) (fileSize - from));
            for (int at = tail.limit() - END_SIZE; at >= 0; at--) {
                if (tail.getInt(at) == END && at + END_SIZE + (tail.getShort(at + 20) & 0xFFFF) == tail.limit()) {
                    boolean oneDisk = tail.getInt(at + 4) == 0;
                    Place place = new Place(
                            tail.getInt(at + 16) & MAX_32,
                            tail.getInt(at + 12) & MAX_32,
                            tail.getShort(at + 10) & 0xFFFF,
                            from + at);
                    long locator = place.end() - LOCATOR_64_SIZE;
                    if (locator >= 0 && bytes(file, path, locator, 4).getInt() == LOCATOR_64) {
                        return agreed(place, place64(locator));
                    }
                    if (oneDisk) {
                        return place;
                    }
                }
            }
            throw FileProblems.of("This is not a ZIP file, or it is truncated.", path)
                    .fact("file size", fileSize)
                    .toException();
        }

        /** PyTorch writes a ZIP64 record in every file; if the short record has a value as well, both must agree. */
        private Place agreed(Place place, Place place64) {
            if ((place.offset() != MAX_32 && place.offset() != place64.offset())
                    || (place.size() != MAX_32 && place.size() != place64.size())
                    || (place.count() != 0xFFFF && place.count() != place64.count())) {
                throw FileProblems.of("The two end records of the ZIP file disagree.", path)
                        .fact("one", place)
                        .fact("other", place64)
                        .toException();
            }
            return place64;
        }

        private Place place64(long locator) throws IOException {
            long end = bytes(file, path, locator, LOCATOR_64_SIZE).getLong(8);
            if (end < 0 || end > locator - END_64_SIZE) {
                throw FileProblems.of("The directory of the ZIP file is not where the file says.", path)
                        .fact("expected", "an end record before byte " + locator)
                        .fact("but was", "one at byte " + Long.toUnsignedString(end))
                        .toException();
            }
            ByteBuffer record = bytes(file, path, end, END_64_SIZE);
            if (record.getInt(0) != END_64 || record.getLong(4) != locator - end - 12) {
                throw FileProblems.of("The ZIP64 end record of the file is malformed.", path)
                        .fact("at byte", end)
                        .toException();
            }
            return new Place(record.getLong(48), record.getLong(40), record.getLong(32), end);
        }

        /** One record of the directory; its {@code end} is not known yet. */
        private Entry entry(Cursor in) {
            if (in.i32() != CENTRAL) {
                throw in.malformed("the record of an entry", "something else");
            }
            in.skip(4); // versions
            int flags = in.u16();
            int method = in.u16();
            in.skip(4); // time
            long crc = in.u32();
            long packed = in.u32();
            long size = in.u32();
            int nameLength = in.u16();
            int extraLength = in.u16();
            int commentLength = in.u16();
            in.skip(8); // disk, attributes
            long header = in.u32();
            String name = text(in.bytes(nameLength));
            Cursor extra = Cursor.over(in.bytes(extraLength), path, "extra field of " + Excerpt.of(name));
            in.skip(commentLength);
            while (extra.remaining() >= 4) {
                int id = extra.u16();
                Cursor field = Cursor.over(extra.bytes(extra.u16()), path, "extra field of " + Excerpt.of(name));
                if (id == 1) { // ZIP64: the values that did not fit, in this order
                    size = size == MAX_32 ? field.i64() : size;
                    packed = packed == MAX_32 ? field.i64() : packed;
                    header = header == MAX_32 ? field.i64() : header;
                }
            }
            boolean encrypted = (flags & 1) != 0;
            if (encrypted || (method != STORED && method != DEFLATED)) {
                throw FileProblems.of("An entry of the ZIP file cannot be read.", path)
                        .fact("entry", Excerpt.of(name))
                        .fact("expected", "stored or deflated")
                        .fact("but was", encrypted ? "encrypted" : "compressed with method " + method)
                        .toException();
            }
            if (packed < 0 || size < 0 || header < 0 || (method == STORED && packed != size)) {
                throw FileProblems.of("An entry of the ZIP file has impossible sizes.", path)
                        .fact("entry", Excerpt.of(name))
                        .fact("packed", packed)
                        .fact("unpacked", size)
                        .fact("offset", header)
                        .toException();
            }
            return new Entry(name, method, packed, size, crc, header, 0);
        }

        /** Gives each entry its end, which is the next header, and checks that the entry does not exceed it. */
        private Map<String, Entry> byName(List<Entry> entries, long directory) {
            List<Entry> byPlace = new ArrayList<>(entries);
            byPlace.sort(Comparator.comparingLong(Entry::header));
            Map<String, Long> ends = new LinkedHashMap<>();
            for (int i = 0; i < byPlace.size(); i++) {
                Entry e = byPlace.get(i);
                long end = i + 1 < byPlace.size() ? byPlace.get(i + 1).header() : directory;
                if (e.header() > end - LOCAL_SIZE || e.packed() > end - LOCAL_SIZE - e.header()) {
                    throw FileProblems.of("Entries of the ZIP file overlap.", path)
                            .fact("entry", Excerpt.of(e.name()))
                            .fact("expected", "to end by byte " + end)
                            .fact("but was", e.packed() + " bytes after a header at byte " + e.header())
                            .toException();
                }
                if (ends.put(e.name(), end) != null) {
                    throw FileProblems.of("Two entries of the ZIP file have the same name.", path)
                            .fact("entry", Excerpt.of(e.name()))
                            .toException();
                }
            }
            Map<String, Entry> named = new LinkedHashMap<>();
            for (Entry e : entries) {
                long end = ends.getOrDefault(e.name(), directory);
                named.put(e.name(), new Entry(e.name(), e.method(), e.packed(), e.size(), e.crc(), e.header(), end));
            }
            return Collections.unmodifiableMap(named);
        }
    }
}
