package dev.pintle.sae.harvest;

import dev.pintle.base.PartFiles;
import dev.pintle.sae.harvest.ShardFile.Column;
import dev.pintle.sae.harvest.StoreManifest.Origin;
import dev.pintle.sae.harvest.StoreManifest.Place;
import dev.pintle.sae.harvest.StoreManifest.Shard;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/** Writes one shard to a temporary file, which gets its name when it is complete. */
final class ShardWriter implements AutoCloseable {
    private static final int BUFFER = 1 << 20;

    private final Origin origin;
    private final Path file;
    private final Path beside;
    private final FileChannel channel;
    private final List<Column> columns;
    private final long capacity;
    private final int data;
    private ByteBuffer gathered = ByteBuffer.allocateDirect(0); // else the channel copies all through one of its own
    private long rows;
    private long firstDocument = Long.MAX_VALUE;
    private long lastDocument = -1;

    /** @param capacity number of rows at most */
    ShardWriter(Origin origin, Path file, long capacity) throws IOException {
        this.origin = origin;
        this.file = file;
        this.capacity = capacity;
        this.columns = ShardFile.columns(origin);
        this.data = ShardFile.header(origin, capacity, 0).length;
        this.beside = PartFiles.in(file.toAbsolutePath().resolveSibling(""));
        this.channel = FileChannel.open(
                beside, StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE);
    }

    boolean hasRoomFor(long more) {
        return rows + more <= capacity;
    }

    long rows() {
        return rows;
    }

    /**
     * Rows on their way to a shard.
     *
     * @param activations the bytes of each hook point, with those of tokens that have no row
     * @param picked which token of {@code activations} each row is
     */
    record Rows(List<byte[]> activations, int[] picked, long[] documents, int[] positions, int[] tokenIds) {
        int count() {
            return documents.length;
        }
    }

    void append(Rows more) throws IOException {
        long at = data;
        for (int c = 0; c < columns.size(); c++) {
            Column column = columns.get(c);
            ShardFile.writeFully(channel, bytes(more, c), at + rows * column.rowBytes());
            at += capacity * column.rowBytes();
        }
        rows += more.count();
        for (long document : more.documents()) {
            firstDocument = Math.min(firstDocument, document);
            lastDocument = Math.max(lastDocument, document);
        }
    }

    private ByteBuffer bytes(Rows more, int column) {
        int after = column - more.activations().size();
        if (after < 0) {
            byte[] all = more.activations().get(column);
            int rowBytes = columns.get(column).rowBytes();
            int length = Math.multiplyExact(more.count(), rowBytes);
            if (gathered.capacity() < length) {
                gathered = ByteBuffer.allocateDirect(length);
            }
            gathered.clear();
            for (int token : more.picked()) {
                gathered.put(all, token * rowBytes, rowBytes);
            }
            return gathered.flip();
        }
        ByteBuffer bytes =
                ByteBuffer.allocate((after == 0 ? 8 : 4) * more.count()).order(ByteOrder.LITTLE_ENDIAN);
        if (after == 0) {
            bytes.asLongBuffer().put(more.documents());
        } else {
            bytes.asIntBuffer().put(after == 1 ? more.positions() : more.tokenIds());
        }
        return bytes;
    }

    /** Completes the file, and gives it its name. */
    Shard finish(Place next) throws IOException {
        byte[] header = ShardFile.header(origin, rows, data);
        ShardFile.writeFully(channel, ByteBuffer.wrap(header), 0);
        String sha256 = closeGaps(header);
        channel.force(true);
        long size = channel.size();
        channel.close();
        Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        return new Shard(String.valueOf(file.getFileName()), rows, size, sha256, firstDocument, lastDocument, next);
    }

    /**
     * Moves tensors down over the room that rows did not need, reading each byte once.
     *
     * @return the SHA-256 of the file
     */
    private String closeGaps(byte[] header) throws IOException {
        MessageDigest sha = sha256();
        sha.update(header);
        long from = data;
        long to = data;
        ByteBuffer some = ByteBuffer.allocateDirect(BUFFER);
        for (Column column : columns) {
            long length = rows * column.rowBytes();
            for (long done = 0; done < length; done += some.limit()) {
                some.clear().limit((int) Math.min(BUFFER, length - done));
                ShardFile.readFully(channel, some, from + done);
                sha.update(some);
                if (from != to) {
                    ShardFile.writeFully(channel, some.rewind(), to + done);
                }
            }
            from += capacity * column.rowBytes();
            to += length;
        }
        channel.truncate(to);
        return HexFormat.of().formatHex(sha.digest());
    }

    /** SHA-256 of all bytes of a file, in hexadecimal digits. */
    static String sha256(FileChannel file) throws IOException {
        MessageDigest sha = sha256();
        ByteBuffer some = ByteBuffer.allocate(BUFFER);
        for (long at = 0; at < file.size(); at += some.limit()) {
            some.clear().limit((int) Math.min(BUFFER, file.size() - at));
            ShardFile.readFully(file, some, at);
            sha.update(some.array(), 0, some.limit());
        }
        return HexFormat.of().formatHex(sha.digest());
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java platform has SHA-256.", e);
        }
    }

    /** Gives up what is not complete. */
    @Override
    public void close() throws IOException {
        channel.close();
        Files.deleteIfExists(beside);
    }
}
