package dev.pintle.sae.harvest;

import dev.pintle.base.ForeignFile;
import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import dev.pintle.sae.harvest.ShardFile.Column;
import dev.pintle.sae.harvest.StoreManifest.Origin;
import dev.pintle.sae.harvest.StoreManifest.Shard;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/*
 * Rows are read in blocks of consecutive rows of a shard. In order, the buffer holds one block, and rows leave it as they came. Shuffled,
 * the blocks of all shards come in a random order, the buffer holds many, and the next row is drawn from all that it holds,
 * the last taking its place; when a block fits again, the next is read. What is in memory besides the buffer is a number a
 * block, some 8 bytes for each 128 kB of the store.
 */
/** Reads the rows of a store at one hook point, each once, in bounded memory. */
public final class RowReader implements AutoCloseable {
    private static final int BLOCK_BYTES = 128 << 10;
    private static final int MOST_OPEN = 64;
    private static final int LONGEST_ARRAY = Integer.MAX_VALUE - 64;

    private final Path folder;
    private final Origin origin;
    private final int point;
    private final List<Shard> shards;
    private final List<Column> columns;
    private final int rowBytes;
    private final int blockRows;
    private final long[] blocks; // shard << 32 | block in it, in the order of reading
    private final SplittableRandom random;
    private final boolean shuffles;
    private final byte[] activations;
    private final long[] documents;
    private final int[] positions;
    private final int[] tokenIds;
    private final Map<Integer, FileChannel> open = new LinkedHashMap<>(16, 0.75f, true);
    private int nextBlock;
    private int held; // rows in the buffer
    private int taken; // of those, when rows leave in order

    private RowReader(
            Path folder, Origin origin, int point, List<Shard> shards, long seed, boolean shuffles, long bufferBytes) {
        this.folder = folder;
        this.origin = origin;
        this.point = point;
        this.shards = shards;
        this.shuffles = shuffles;
        this.columns = ShardFile.columns(origin);
        this.rowBytes = columns.get(point).rowBytes();
        this.blockRows = Math.max(1, BLOCK_BYTES / rowBytes);
        this.random = new SplittableRandom(seed);
        this.blocks = blocks();
        long whole = rowBytes + (long) ShardFile.METADATA_BYTES;
        long capacity = shuffles ? bufferBytes / whole : blockRows;
        if ((shuffles && capacity < 2L * blockRows) || capacity * rowBytes > LONGEST_ARRAY) {
            throw Problem.of("The buffer has the wrong size.")
                    .fact(
                            "expected",
                            2L * blockRows * whole + " to " + LONGEST_ARRAY / rowBytes * whole + " bytes, for rows of "
                                    + rowBytes)
                    .fact("but was", bufferBytes)
                    .toIllegalArgument();
        }
        long rows = shards.stream().mapToLong(Shard::rows).sum();
        int size = (int) Math.min(capacity, Math.max(blockRows, rows));
        this.activations = new byte[size * rowBytes];
        this.documents = new long[size];
        this.positions = new int[size];
        this.tokenIds = new int[size];
    }

    static RowReader inOrder(Path folder, Origin origin, int point, List<Shard> shards) {
        return new RowReader(folder, origin, point, shards, 0, false, 0);
    }

    static RowReader shuffled(Path folder, Origin origin, int point, List<Shard> shards, long seed, long bufferBytes) {
        return new RowReader(folder, origin, point, shards, seed, true, bufferBytes);
    }

    private long[] blocks() {
        long count = shards.stream()
                .mapToLong(shard -> (shard.rows() + blockRows - 1) / blockRows)
                .sum();
        long[] all = new long[Math.toIntExact(count)];
        int at = 0;
        for (int s = 0; s < shards.size(); s++) {
            for (long block = 0; block * blockRows < shards.get(s).rows(); block++) {
                all[at++] = ((long) s << 32) | block;
            }
        }
        for (int i = all.length - 1; shuffles && i > 0; i--) {
            int other = random.nextInt(i + 1);
            long kept = all[i];
            all[i] = all[other];
            all[other] = kept;
        }
        return all;
    }

    /**
     * The next rows.
     *
     * @param most how many at most; fewer come only at the end
     * @return no rows at the end
     * @throws PintleException if a shard cannot be read
     */
    public ActivationRows next(int most) {
        byte[] bytes = new byte[Math.multiplyExact(most, rowBytes)];
        long[] ofDocuments = new long[most];
        int[] ofPositions = new int[most];
        int[] ofTokens = new int[most];
        int count = 0;
        while (count < most) {
            fill();
            if (held == taken) {
                break;
            }
            int row = shuffles ? random.nextInt(held) : taken++;
            System.arraycopy(activations, row * rowBytes, bytes, count * rowBytes, rowBytes);
            ofDocuments[count] = documents[row];
            ofPositions[count] = positions[row];
            ofTokens[count] = tokenIds[row];
            count++;
            if (shuffles) {
                held--;
                System.arraycopy(activations, held * rowBytes, activations, row * rowBytes, rowBytes);
                documents[row] = documents[held];
                positions[row] = positions[held];
                tokenIds[row] = tokenIds[held];
            }
        }
        return new ActivationRows(
                count == most ? bytes : Arrays.copyOf(bytes, count * rowBytes),
                origin.storedAs(),
                origin.points().get(point).shape(),
                Arrays.copyOf(ofDocuments, count),
                Arrays.copyOf(ofPositions, count),
                Arrays.copyOf(ofTokens, count));
    }

    private void fill() {
        if (!shuffles && held == taken) {
            held = 0;
            taken = 0;
        }
        while (nextBlock < blocks.length) {
            Shard shard = shards.get((int) (blocks[nextBlock] >>> 32));
            long from = (blocks[nextBlock] & 0xFFFFFFFFL) * blockRows;
            int count = (int) Math.min(blockRows, shard.rows() - from);
            if (held + count > documents.length || (!shuffles && held > 0)) {
                return;
            }
            try {
                read((int) (blocks[nextBlock] >>> 32), from, count);
            } catch (IOException e) {
                throw unreadable(shard, ForeignFile.why(e));
            }
            held += count;
            nextBlock++;
        }
    }

    private PintleException unreadable(Shard shard, String why) {
        return Problem.of("A shard cannot be read.")
                .fact("file", folder.resolve(shard.file()).toAbsolutePath())
                .fact("cause", why)
                .fact("try", "pintle harvest-info FOLDER --verify")
                .toException();
    }

    private void read(int number, long from, int count) throws IOException {
        Shard shard = shards.get(number);
        FileChannel file = open.get(number);
        if (file == null) {
            file = FileChannel.open(folder.resolve(shard.file()), StandardOpenOption.READ);
            if (file.size() != shard.bytes()) {
                file.close();
                throw unreadable(shard, "it has other bytes than when it was written");
            }
            if (open.size() == MOST_OPEN) {
                int oldest = open.keySet().iterator().next();
                open.remove(oldest).close();
            }
            open.put(number, file);
        }
        long data = shard.bytes() - shard.rows() * origin.rowBytes();
        int documentsAt = columns.size() - 3;
        long at = offset(data, shard, point) + from * rowBytes;
        ShardFile.readFully(file, ByteBuffer.wrap(activations, held * rowBytes, count * rowBytes), at);
        numbers(file, offset(data, shard, documentsAt) + from * 8, count * 8)
                .asLongBuffer()
                .get(documents, held, count);
        numbers(file, offset(data, shard, documentsAt + 1) + from * 4, count * 4)
                .asIntBuffer()
                .get(positions, held, count);
        numbers(file, offset(data, shard, documentsAt + 2) + from * 4, count * 4)
                .asIntBuffer()
                .get(tokenIds, held, count);
    }

    private static ByteBuffer numbers(FileChannel file, long at, int bytes) throws IOException {
        ByteBuffer some = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
        ShardFile.readFully(file, some, at);
        return some;
    }

    private long offset(long data, Shard shard, int column) {
        long offset = data;
        for (int c = 0; c < column; c++) {
            offset += shard.rows() * columns.get(c).rowBytes();
        }
        return offset;
    }

    @Override
    public void close() {
        try {
            for (FileChannel file : open.values()) {
                file.close();
            }
        } catch (IOException e) {
            throw Problem.of("A shard cannot be closed.").fact("cause", e).toException(e);
        }
    }
}
