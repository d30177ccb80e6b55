package dev.pintle.tensor;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.ShortBuffer;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;

/**
 * Memory outside the heap for some decoded rows of a quantised weight, for one piece after another: the first use of fresh memory
 * takes longer than decoding into it.
 */
final class DecodedPiece {
    private static final int ROWS_OF_PART = 32; // that one thread decodes at a time
    private static final double FLOPS_PER_ELEMENT = 40; // as long as decoding takes

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
        int parts = (to - from + ROWS_OF_PART - 1) / ROWS_OF_PART;
        Workers.share(parts, FLOPS_PER_ELEMENT * (to - from) * in, part -> {
            QuantisedWeight.RowDecoder decoder = weight.decoder();
            float[] values = new float[in];
            short[] halves = new short[memory.dtype() == DType.BF16 ? in : 0];
            int end = Math.min(to, from + (part + 1) * ROWS_OF_PART);
            for (int row = from + part * ROWS_OF_PART; row < end; row++) {
                decoder.decode(row, values, 0);
                write(row - from, values, halves);
            }
        });
        return memory.narrow(0, 0, to - from);
    }

    private void write(int row, float[] values, short[] halves) {
        ByteBuffer mine = bytes.duplicate().order(ByteOrder.nativeOrder());
        if (memory.dtype() == DType.BF16) {
            FloatMath.toBf16Bits(values, halves);
            ShortBuffer to = mine.asShortBuffer();
            to.put(row * in, halves);
        } else {
            FloatBuffer to = mine.asFloatBuffer();
            to.put(row * in, values);
        }
    }
}
