package dev.pintle.tensor;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;

/**
 * Memory outside the heap for some decoded rows of a quantised weight, for one piece after another: the first use of fresh memory
 * takes longer than decoding into it.
 */
final class DecodedPiece {
    private final Tensor memory; // [most rows, in]
    private final ByteBuffer bytes;
    private final int in;

    /**
     * Allocates the memory, in the current scope.
     *
     * @param dtype FP32 or BF16
     * @param most rows of a piece
     * @param in elements of a row
     */
    DecodedPiece(DType dtype, int most, int in) {
        this.memory = Tensor.empty(dtype, Device.CPU, most, in);
        this.in = in;
        try (Pointer data = memory.handle().data_ptr();
                BytePointer all = new BytePointer(data)) {
            all.limit((long) most * in * dtype.bytes());
            this.bytes = all.asByteBuffer();
        }
    }

    /**
     * Decodes rows of a weight, each element rounded once.
     *
     * @return `[to − from, in]`, until the next piece is filled
     */
    Tensor fill(QuantisedWeight weight, int from, int to) {
        weight.forEachRow(to - from, i -> from + i, this::write);
        return memory.narrow(0, 0, to - from);
    }

    private void write(int row, float[] values) {
        ByteBuffer mine = bytes.duplicate().order(ByteOrder.nativeOrder());
        if (memory.dtype() == DType.BF16) {
            short[] halves = new short[in];
            FloatMath.toBf16Bits(values, halves);
            mine.asShortBuffer().put(row * in, halves);
        } else {
            mine.asFloatBuffer().put(row * in, values);
        }
    }
}
