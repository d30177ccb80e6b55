package dev.pintle.tensor.io;

import dev.pintle.base.AtomicFile;
import dev.pintle.base.Excerpt;
import dev.pintle.base.Problem;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;

/**
 * Writes a ZIP file of stored entries whose bytes start at multiples of 64, as PyTorch does, so that readers can map
 * them. Sizes and offsets from 2^32 - 1 on go into ZIP64 fields. Output is deterministic: no timestamps are recorded.
 */
final class ZipWriter {
    private static final int ALIGNMENT = 64;
    private static final int MAX_NAME = 0xFFFF;
    private static final long MAX_32 = 0xFFFF_FFFFL;
    private static final short UTF_8_NAMES = 0x0800;
    private static final short DATE_1980_01_01 = 0x0021;

    private final FileChannel file;
    private final List<Written> written = new ArrayList<>();

    ZipWriter(FileChannel file) {
        this.file = file;
    }

    private record Written(String name, long size, int crc, long header) {}

    /** Receives an entry's bytes in order. */
    interface Body {
        void write(TensorBytes.Sink sink) throws IOException;
    }

    void entry(String name, byte[] bytes) throws IOException {
        entry(name, bytes.length, sink -> sink.accept(bytes));
    }

    /**
     * @param size number of bytes {@code body} is going to write
     */
    void entry(String name, long size, Body body) throws IOException {
        byte[] nameBytes = name.getBytes(StandardCharsets.UTF_8);
        if (nameBytes.length > MAX_NAME) {
            throw Problem.of("The name is too long for a ZIP entry.")
                    .fact("expected", "at most " + MAX_NAME + " bytes")
                    .fact("but was", Excerpt.of(name))
                    .toIllegalArgument();
        }
        long header = file.position();
        boolean is64 = size >= MAX_32;
        int fixed = 30 + nameBytes.length + (is64 ? 20 : 0) + 4;
        int padding = (int) Math.floorMod(-(header + fixed), (long) ALIGNMENT);
        ByteBuffer local = ByteBuffer.allocate(fixed + padding).order(ByteOrder.LITTLE_ENDIAN);
        int size32 = (int) Math.min(size, MAX_32);
        local.putInt(0x04034b50).putShort(version(is64)).putShort(UTF_8_NAMES).putShort((short) 0);
        local.putShort((short) 0).putShort(DATE_1980_01_01);
        local.putInt(0).putInt(size32).putInt(size32); // the checksum is filled in below
        local.putShort((short) nameBytes.length).putShort((short) ((is64 ? 20 : 0) + 4 + padding));
        local.put(nameBytes);
        if (is64) {
            local.putShort((short) 1).putShort((short) 16).putLong(size).putLong(size);
        }
        local.put((byte) 'F').put((byte) 'B').putShort((short) padding);
        while (local.hasRemaining()) {
            local.put((byte) 'Z');
        }
        AtomicFile.writeFully(file, local.flip());
        CRC32 crc = new CRC32();
        body.write(piece -> {
            crc.update(piece);
            AtomicFile.writeFully(file, ByteBuffer.wrap(piece));
        });
        int checksum = (int) crc.getValue();
        ByteBuffer patch = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(0, checksum);
        while (patch.hasRemaining()) {
            file.write(patch, header + 14 + patch.position());
        }
        written.add(new Written(name, size, checksum, header));
    }

    /** Writes the directory. Nothing may be written afterwards. */
    void finish() throws IOException {
        long directory = file.position();
        for (Written e : written) {
            byte[] name = e.name().getBytes(StandardCharsets.UTF_8);
            boolean size64 = e.size() >= MAX_32;
            boolean header64 = e.header() >= MAX_32;
            int extra = size64 || header64 ? 4 + (size64 ? 16 : 0) + (header64 ? 8 : 0) : 0;
            ByteBuffer central = ByteBuffer.allocate(46 + name.length + extra).order(ByteOrder.LITTLE_ENDIAN);
            int size32 = (int) Math.min(e.size(), MAX_32);
            central.putInt(0x02014b50).putShort(version(extra > 0)).putShort(version(extra > 0));
            central.putShort(UTF_8_NAMES).putShort((short) 0);
            central.putShort((short) 0).putShort(DATE_1980_01_01);
            central.putInt(e.crc()).putInt(size32).putInt(size32);
            central.putShort((short) name.length).putShort((short) extra).putShort((short) 0);
            central.putShort((short) 0).putShort((short) 0).putInt(0);
            central.putInt((int) Math.min(e.header(), MAX_32));
            central.put(name);
            if (extra > 0) {
                central.putShort((short) 1).putShort((short) (extra - 4));
            }
            if (size64) {
                central.putLong(e.size()).putLong(e.size());
            }
            if (header64) {
                central.putLong(e.header());
            }
            AtomicFile.writeFully(file, central.flip());
        }
        end(directory, file.position() - directory);
    }

    private void end(long directory, long size) throws IOException {
        boolean is64 = directory >= MAX_32 || size >= MAX_32 || written.size() >= 0xFFFF;
        ByteBuffer end = ByteBuffer.allocate(56 + 20 + 22).order(ByteOrder.LITTLE_ENDIAN);
        if (is64) {
            end.putInt(0x06064b50).putLong(44).putShort(version(true)).putShort(version(true));
            end.putInt(0).putInt(0).putLong(written.size()).putLong(written.size());
            end.putLong(size).putLong(directory);
            end.putInt(0x07064b50).putInt(0).putLong(directory + size).putInt(1);
        }
        short count = (short) Math.min(written.size(), 0xFFFF);
        end.putInt(0x06054b50)
                .putShort((short) 0)
                .putShort((short) 0)
                .putShort(count)
                .putShort(count);
        end.putInt((int) Math.min(size, MAX_32))
                .putInt((int) Math.min(directory, MAX_32))
                .putShort((short) 0);
        AtomicFile.writeFully(file, end.flip());
    }

    private static short version(boolean is64) {
        return (short) (is64 ? 45 : 20);
    }
}
