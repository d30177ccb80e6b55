package dev.pintle.sae.harvest;

import dev.pintle.base.Json;
import dev.pintle.sae.harvest.StoreManifest.Origin;
import dev.pintle.sae.harvest.StoreManifest.Point;
import dev.pintle.tensor.DType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/*
 * A shard is a safetensors file: for each hook point a tensor [rows, …], then documents (I64), positions (I32) and token_ids
 * (I32), each [rows]. A tensor's bytes lie together, so that any reader of safetensors can use them; rows therefore grow in
 * several places of the file at once. The file is laid out for as many rows as fit, and if there are fewer in the end, the
 * tensors after the first move down.
 */
/** Where the tensors of a shard lie. */
final class ShardFile {
    /** Bytes of a row's document, position and token. */
    static final int METADATA_BYTES = 16;

    private static final int ALIGNMENT = 8;
    private static final Map<DType, String> DTYPES = Map.of(DType.FP32, "F32", DType.BF16, "BF16", DType.FP16, "F16");

    /** A tensor of a shard, with the bytes of a row. */
    record Column(String name, String dtype, List<Long> shape, int rowBytes) {}

    private ShardFile() {}

    /** The tensors in their order; the last three are documents, positions and tokens. */
    static List<Column> columns(Origin origin) {
        List<Column> columns = new ArrayList<>();
        int bytes = origin.storedAs().bytes();
        String dtype = DTYPES.getOrDefault(origin.storedAs(), "F32");
        for (Point point : origin.points()) {
            columns.add(new Column(point.name(), dtype, point.shape(), Math.toIntExact(bytes * point.width())));
        }
        columns.add(new Column("documents", "I64", List.of(), 8));
        columns.add(new Column("positions", "I32", List.of(), 4));
        columns.add(new Column("token_ids", "I32", List.of(), 4));
        return columns;
    }

    /**
     * The bytes before the tensors.
     *
     * @param size pads the header to this many bytes; 0 for as few as possible
     */
    static byte[] header(Origin origin, long rows, int size) {
        Map<String, Object> header = new LinkedHashMap<>();
        header.put("__metadata__", new TreeMap<>(Map.of("format", "pt", "revision", origin.revision())));
        long offset = 0;
        for (Column column : columns(origin)) {
            List<Long> shape = new ArrayList<>(List.of(rows));
            shape.addAll(column.shape());
            long end = offset + rows * column.rowBytes();
            header.put(
                    column.name(),
                    new TreeMap<>(
                            Map.of("dtype", column.dtype(), "shape", shape, "data_offsets", List.of(offset, end))));
            offset = end;
        }
        byte[] json = Json.line(header).getBytes(StandardCharsets.UTF_8);
        int least = 8 + json.length;
        int padded = Math.max(size, (least + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
        ByteBuffer bytes = ByteBuffer.allocate(padded).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(padded - 8).put(json);
        while (bytes.hasRemaining()) {
            bytes.put((byte) ' ');
        }
        return bytes.array();
    }

    /** Reads exactly as many bytes as the buffer holds. */
    static void readFully(FileChannel file, ByteBuffer into, long at) throws IOException {
        long from = at;
        while (into.hasRemaining()) {
            int read = file.read(into, from);
            if (read < 0) {
                throw new IOException("the file ends too early");
            }
            from += read;
        }
        into.flip();
    }

    /** Writes all of a buffer. */
    static void writeFully(FileChannel file, ByteBuffer from, long at) throws IOException {
        long to = at;
        while (from.hasRemaining()) {
            to += file.write(from, to);
        }
    }
}
