package dev.pintle.tensor;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;

/** Rows of equal size in the memory of a tensor, which must stay open. Byte buffers end at 2 GiB, so there may be several. */
final class NativeRows {
    private static final long MOST_BYTES = 1L << 30; // of a buffer

    private final int rowBytes;
    private final int rowsOfBuffer;
    private final List<ByteBuffer> buffers = new ArrayList<>();
    private final List<Object> vectors = new ArrayList<>();

    /** @param memory contiguous, on the CPU */
    NativeRows(Tensor memory, int rows, int rowBytes) {
        this.rowBytes = rowBytes;
        this.rowsOfBuffer = (int) Math.max(1, Math.min(Integer.MAX_VALUE, MOST_BYTES / rowBytes));
        try (Pointer data = memory.handle().data_ptr()) {
            for (int row = 0; row < rows; row += rowsOfBuffer) {
                long from = (long) row * rowBytes;
                try (BytePointer part = new BytePointer(data)) {
                    part.position(from).limit(from + (long) Math.min(rowsOfBuffer, rows - row) * rowBytes);
                    ByteBuffer buffer = part.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
                    buffers.add(buffer);
                    vectors.add(Chains.VECTORS ? NativeVectors.of(buffer) : buffer);
                }
            }
        }
    }

    /** What holds a row, little-endian. */
    ByteBuffer buffer(int row) {
        return buffers.get(row / rowsOfBuffer);
    }

    /** The same for {@link NativeVectors}. */
    Object vectors(int row) {
        return vectors.get(row / rowsOfBuffer);
    }

    /** Where a row begins in its buffer. */
    int start(int row) {
        return row % rowsOfBuffer * rowBytes;
    }

    /** Whether some rows that follow one another are in one buffer. */
    boolean areTogether(int first, int count) {
        return first / rowsOfBuffer == (first + count - 1) / rowsOfBuffer;
    }

    /** Copies a row. */
    void read(int row, byte[] to) {
        buffer(row).get(start(row), to, 0, rowBytes);
    }
}
